#!/usr/bin/env bash
# Python's fmin with MongoTrials as the driver, hopt-worker --python-driver as its worker:
# driver.sh CASE. HOPT_BIN is the folder of the programs, HOPT_TEST_MONGO_URI the server.
interop=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
case_name=${1:-results}
set -- mongo
. "$interop/../system/lib.sh"
test_name=driver_$case_name

venv=$("$interop/venv.sh") || exit $?
python=$venv/bin/python
address=${HOPT_TEST_MONGO_URI#mongodb://}
address=${address%/}
database=${store##*/}
unset HOPT_STORE
export DRIVER_URL=mongo://$address/$database/jobs DRIVER_KEY='exp 1/ä' DRIVER_WORK=$work
export PYTHONPATH=$interop PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
export TMPDIR=$work # scratch folders

# ours NAME [OPTION...]: a hopt-worker for the driver, in the background.
ours() {
    local name=$1
    shift
    start "$name" "${worker[@]}" --store "$DRIVER_URL" --python-driver "$DRIVER_KEY" --allow-pickle \
        --python "$python" "$@"
}

# theirs NAME [OPTION...]: a hyperopt-mongo-worker.
theirs() {
    local name=$1
    shift
    mkdir -p "$work/$name"
    start "$name" env -C "$work/$name" "$venv/bin/hyperopt-mongo-worker" \
        --mongo="$address/$database" --exp-key="$DRIVER_KEY" --poll-interval=1.5 "$@"
}

# driver NAME PROGRAM [ARGUMENT...]: in the background; its output in NAME.log.
driver() {
    local name=$1 program=$2
    shift 2
    start "$name" "$python" "$interop/$program" "$@"
}

# finished NAME [SECONDS]: the driver has ended well.
finished() {
    wait_end "$1" "${2:-400}"
    [ "$code" = 0 ] || fail "$1: exit $code"
}

documents() {
    "$bin/mongo_tool" "${HOPT_TEST_MONGO_URI%/}/$database" count jobs "$1"
}

some_document() {
    [ "$(documents "$1")" -ge 1 ]
}

evaluations() {
    wc -l <"$work/began"
}

# stop NAME [CODE]: SIGTERM; it leaves with CODE (0).
stop() {
    signal TERM "$1"
    wait_end "$1" 240
    same "exit code of $1" "${2:-0}" "$code"
}

# no_litter: workers leave no folder behind.
no_litter() {
    same "folders left" "" "$(find "$work" -path '*hopt-[0-9]*/driver-*' | head -n 3)"
}

case_results() {
    ours w1 --slots 2
    driver results driver_results.py
    finished results
    stop w1
    no_litter
    grep "^{" results.log >ours.txt
    say "the same by hyperopt-mongo-worker"
    export DRIVER_KEY=other
    theirs p1
    theirs p2
    driver other driver_results.py
    finished other 400
    grep "^{" other.log >theirs.txt
    # The texts of these two are each worker's own.
    sed -i -E '/"name": "not_storable"/s/("error": \["[^"]*"), .*\], "name"/\1], "name"/' ours.txt theirs.txt
    diff theirs.txt ours.txt || fail "other results than with hyperopt-mongo-worker"
    same "results compared" 23 "$(grep -c '"name"' ours.txt)"
}

case_queue() {
    ours w1 --slots 2
    ours w2 --slots 1
    ours w3 --slots 3
    driver queue driver_queue.py 60
    finished queue
    holds queue.log '^extra 0$'
    holds queue.log '^workers 3 ours 3$'
    same "evaluations" 60 "$(evaluations)"
    stop w1
    stop w2
    stop w3
    no_litter
}

case_again() {
    ours w1 --slots 2
    driver again driver_again.py
    finished again
    same "domains kept on disk" 1 "$(find "$work" -name 'domain-*' | wc -l)"
    stop w1
    no_litter
}

# kill -9 in mid-trial: the objective dies, the trial is evaluated again and ends once.
case_killed() {
    touch hang.1.1 hang.4.1
    ours w1
    driver queue driver_queue.py 6 1
    wait_until 240 "trial 1 hangs" test -s hangs.1.1
    wait_until 240 "its checkpoint is seen" some_document '{"state": 1, "result.partial": 1, "misc.vals.i": 1}'
    objective=$(cat hangs.1.1)
    kill_hard w1
    wait_until 30 "the dead worker's objective is gone" gone "$objective"
    ours w2 --slots 2
    # Same host and boot, and the process is gone: nobody waits for the lease.
    wait_until 240 "trial 1 is evaluated again" has began '^1 2 '
    say "the objective alone"
    wait_until 240 "trial 4 hangs" test -s hangs.4.1
    kill -KILL "$(cat hangs.4.1)" || fail "no objective"
    wait_until 240 "trial 4 has failed" some_document '{"state": 3, "misc.vals.i": 4, "error.0": "Signal"}'
    finished queue
    same "attempts lost" 1 "$(documents '{"hopt_lease.lost": 1, "hopt_lease.n": 2, "state": 2}')"
    same "evaluations" 7 "$(evaluations)"
    stop w2
}

# A worker that stands still for a lease: another takes over, the late result is dropped.
case_stale() {
    touch slow.1.1
    ours w1 --set trial.lease_s=10
    driver queue driver_queue.py 4
    wait_until 240 "trial 1 is under way" test -e slows.1.1
    ours w2 --set trial.lease_s=10
    wait_until 240 "the others are done" some_document '{"state": 2, "misc.vals.i": 3}'
    signal STOP w1
    wait_until 240 "the lease expires" has w2.log 'lease expired'
    wait_until 240 "trial 1 is evaluated again" has began '^1 2 '
    finished queue
    rm slow.1.1
    signal CONT w1
    wait_until 240 "the first one learns it" has w1.log 'lease lost'
    holds queue.log '^extra 1$'
    stop w1
    stop w2
}

# SIGTERM: what runs is given back after the grace time, to whoever comes.
case_drain() {
    touch hang.0.1
    ours w1 --grace 1s
    driver queue driver_queue.py 3
    wait_until 240 "trial 0 hangs" test -s hangs.0.1
    stop w1
    same "trials in the queue" 3 "$(documents '{"state": 0, "owner": null}')"
    theirs p1 # a Python worker takes it as well
    finished queue
    holds queue.log '^extra 1$'
    holds queue.log '^workers [2-9] ours 1$'
}

# Both kinds of worker on one experiment: every trial once, by one of them.
case_both() {
    ours w1
    ours w2 --slots 2
    theirs p1
    theirs p2
    wait_until 240 "theirs are up" eval 'has p1.log "no job found" && has p2.log "no job found"'
    # Ours are quick: held back until theirs have had one each.
    touch slow.{0,1,2,3,4,5}.1
    driver queue driver_queue.py 40
    wait_until 240 "all five workers have a trial" eval '[ "$(cut -d " " -f 3 began 2>/dev/null | sort -u | wc -l)" = 4 ]'
    rm -f slow.*
    finished queue
    holds queue.log '^extra 0$'
    holds queue.log '^workers [4-9][0-9]* ours 2$'
    same "evaluations" 40 "$(evaluations)"
    stop w1
    stop w2
}

# A document that the database can't take: the trial ends with that, the worker goes on.
case_large() {
    ours w1
    driver large driver_large.py
    finished large
    stop w1
    no_litter
}

case_failing() {
    ours w1
    driver failing driver_failing.py 4
    finished failing
    holds failing.log '^failed 4$'
    wait_end w1 240
    same "exit code after four failures in a row" 1 "$code"
}

# The domain is gone: the trials fail as with hyperopt's worker, after a while.
case_missing() {
    driver queue driver_queue.py 5
    wait_until 240 "the trials are queued" eval '[ "$(documents "{\"state\": 0}")" = 5 ]'
    "$python" -c "import os; from driver_support import *
del MongoTrials(URL, exp_key=KEY, refresh=False).attachments['FMinIter_Domain']" || fail "no domain"
    ours w1
    wait_end w1 240
    same "exit code after four failures in a row" 1 "$code"
    same "trials that failed" 4 "$(documents '{"state": 3, "error.0": "<class '"'KeyError'"'>"}')"
    same "trials left" 1 "$(documents '{"state": 0, "owner": null}')"
    kill_hard queue # it waits for that one
    no_litter
}

case_refused() {
    options=(--python-driver k --store "$DRIVER_URL")
    exits 2 "${worker[@]}" "${options[@]}"
    holds err.txt 'whoever can write to the database can run anything'
    exits 2 "${worker[@]}" "${options[@]}" --allow-pickle study.json
    exits 2 "${worker[@]}" --python-driver k --allow-pickle --store sqlite:x.db
    holds err.txt 'MongoDB only'
    exits 1 "${worker[@]}" "${options[@]}" --allow-pickle --python /bin/false
    "$python" -m venv --without-pip bare >/dev/null || fail "no virtual environment"
    exits 1 "${worker[@]}" "${options[@]}" --allow-pickle --python bare/bin/python
    holds err.txt 'pip install hyperopt'
    exits 3 "${worker[@]}" --python-driver k --allow-pickle --store mongodb://127.0.0.1:1/x
    if [ "$(id -u)" = 0 ]; then
        exits 2 "$bin/hopt-worker" "${options[@]}" --allow-pickle --python "$python"
        holds err.txt 'allow-root'
    fi
    exits 0 "${worker[@]}" "${options[@]}" --allow-pickle --python "$python" --idle-timeout 1s
    no_litter
}

declare -F "case_$case_name" >/dev/null || fail "no case $case_name"
"case_$case_name"
