#!/usr/bin/env bash
# deploy/spark/hopt_spark.py on a real Spark (standalone, loopback) over MongoDB: executors that are asked
# to end, that are killed, that die with all that runs in them. Every trial ends once.
# HOPT_BIN is the folder of the programs, HOPT_TEST_MONGO_URI the server.
deploy=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
set -- mongo
. "$deploy/../system/lib.sh"
. "$deploy/spark_cluster.sh"
at_exit() {
    spark_stop
}
say "Spark is there"

slots=16
write_objective
sed -i "1a cd '$work' || exit" obj # the executors' folders are elsewhere
write_study spark '{"command": ["./obj", "{x}"]}' \
    "\"stop\": {\"max_trials\": $slots}, \"trial\": {\"lease_s\": 10, \"max_attempts\": 5}"
touch slow.{0,1,2,3,4,5,6,7}.1
secret=not-for-others-$$
(umask 077 && echo "$store?appName=$secret" >store.uri)
# held_study NAME: the same in a folder of its own, two trials, both held.
held_study() {
    mkdir "$1"
    sed "s/\"spark\"/\"$1\"/; s/\"max_trials\": [0-9]*/\"max_trials\": 2/" study.json >"$1/$1.json"
    sed "s|^cd .*|cd '$work/$1' \|\| exit|" obj >"$1/obj"
    chmod +x "$1/obj"
    cp store.uri "$1"
    touch "$1"/slow.{0,1}.1
    exits 0 "${hopt[@]}" study create "$1/$1.json"
}

held_study cancel
start master "${master[@]}" --studies cancel
spark_start 3
say "the cluster is up"

# A driver with the Python package: it loads libhopt, which may be built with a sanitizer.
asan=
! ldd "$bin/../lib/libhopt.so" | grep -q libasan || asan=$(gcc -print-file-name=libasan.so)
cat >driver_python <<END
#!/bin/sh
export HOPT_LIBRARY='$bin/../lib' ASAN_OPTIONS="\$ASAN_OPTIONS:detect_leaks=0" LD_PRELOAD='$asan'
exec '$spark_python' "\$@"
END
chmod +x driver_python
PYSPARK_DRIVER_PYTHON=$work/driver_python submit driver --conf spark.cores.max=2 \
    "$deploy/spark_driver.py" "$work/cancel" "$bin"

# hopt_spark NAME [OPTION OF spark-submit...] -- OPTION...
hopt_spark() {
    local name=$1 options=()
    shift
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    submit "$name" "${options[@]}" "$repo/deploy/spark/hopt_spark.py" --programs "$bin" --worker-option=--allow-root \
        --with-master --store @store.uri "$@"
}

# holder NUM: the worker that a trial is held in.
holder() {
    trials | grep "^{\"num\":$1," | field worker | cut -d : -f 2
}

starts() {
    [ "$(cat began 2>/dev/null | wc -l)" -ge "$1" ]
}

hopt_spark app --conf spark.cores.max=4 -- --files obj --study study.json --executors 4 --grace 60s
# And two that are ended, without a cluster, which makes no difference to that.
for name in interrupted killed; do
    held_study $name
    hopt_spark $name --master 'local[1]' -- --files $name/obj --study $name/$name.json --executors 1 --grace 1s
done
wait_until 1800 "four trials are held" starts 4
say "four workers in four executors"
for i in 0 1 2 3; do
    wait_until 180 "trial $i is held" test -s "slows.$i.1"
    w[i]=$(holder $i)
    e[i]=$(executor_of "${w[i]}")
    [ -n "${e[i]}" ] || fail "worker ${w[i]} is in no executor"
done
same "executors" 4 "$(printf '%s\n' "${e[@]}" | sort -u | wc -l)"
ps axeww >ps.txt
page / >>ps.txt
ui=$(port_of app SparkUI)
page /environment/ "$ui" >>ps.txt
page /jobs/ "$ui" >>ps.txt
holds ps.txt 'spark.task.maxFailures'
lacks ps.txt "$secret"

say "SIGTERM to an executor, kill -9 of a second one, of all that is in a third one"
kill -TERM "${e[0]}"
kill -KILL "${e[1]}"
# shellcheck disable=SC2046
kill -KILL "${e[2]}" $(descendants "${e[2]}")
wait_until 180 "the third one's worker is gone" gone "${w[2]}"
for i in 0 1; do
    wait_until 180 "executor $i is gone" gone "${e[i]}"
    alive_still=$(cat "slows.$i.1")
    gone "$alive_still" && fail "the objective of trial $i has not its grace time"
done
rm slow.0.1 slow.1.1 # within the grace time
for i in 0 1; do
    wait_until 180 "trial $i is done" trial_is $i "done"
    wait_until 180 "its worker has left" gone "${w[i]}"
    same "starts of trial $i" 1 "$(grep -c "^$i " began)"
done
rm -f slow.2.1
wait_until 180 "trial 2 is queued again" eval 'has <(trials) "^.\"num\":2,.*\"attempt\":2"'
say "other executors take their place; meanwhile a driver is interrupted, another one killed"
driver_of() {
    pgrep -f "^$spark_python .*--study $1/$1.json"
}
for name in interrupted killed; do
    wait_until 1800 "a trial of $name is held" test -s $name/slows.0.1
done
kill -INT "$(driver_of interrupted)"
wait_end interrupted 300
same "exit code" 130 "$code"
python_driver=$(driver_of killed)
kill_hard killed # the JVM
wait_until 300 "its Python has ended" gone "$python_driver"
for name in interrupted killed; do
    wait_until 300 "no worker of $name is left" eval '[ -z "$(workers_here $name.json)" ]'
    wait_until 180 "no objective of $name is left" gone "$(cat $name/slows.0.1)"
    wait_until 180 "no master of $name is left" eval '[ -z "$(pgrep -f "hopt-master --studies $name ")" ]'
    same "trial 0 of $name" "new 1" "$(trials $name | grep '^{"num":0,' | { read -r line; echo "$(field state <<<"$line") $(field attempt <<<"$line")"; })"
done
wait_until 1800 "three more trials are held" eval '[ "$(ls slows.{4,5,6,7}.1 2>/dev/null | wc -l)" -ge 3 ]'
same "workers" 4 "$(workers_here study.json | wc -l)"

say "the end"
rm -f slow.*
wait_end app 600
same "exit code" 0 "$code"
holds app.log 'study spark is done: 16 done'
whole $slots
same "starts of trial 2" 2 "$(grep -c '^2 ' began)"
same "starts in all" $((slots + 1)) "$(wc -l <began)"
wait_until 180 "no worker is left" eval '[ -z "$(workers_here study.json)" ]'

say "the other driver"
wait_end driver 900
same "exit code" 0 "$code"
grep '^ok: ' driver.log
holds driver.log '^all well'
same "the cancelled job's trials" "new 1 new 1 " \
    "$(trials cancel | while read -r line; do echo "$(field state <<<"$line") $(field attempt <<<"$line") "; done | tr -d '\n')"
same "their starts" 2 "$(wc -l <cancel/began)"

say "what is wrong with a submission"
refused() {
    exits 2 "$spark_python" "$repo/deploy/spark/hopt_spark.py" --programs "$bin" "$@"
}
refused --study study.json --store mongodb://user:password@127.0.0.1/x
holds err.txt 'would be seen in lists of processes'
refused --study nowhere.json --store @store.uri
holds err.txt 'nowhere.json: no such file'
refused --study study.json --store @nowhere
exits 4 "$spark_python" "$repo/deploy/spark/hopt_spark.py" --programs "$bin" --study nowhere --allow-any-command --store @store.uri
exits 2 /usr/bin/python3 -I "$repo/deploy/spark/hopt_spark.py" --programs "$bin" --study study.json --store @store.uri
holds err.txt 'start this program by spark-submit'
