#!/usr/bin/env bash
# hopt replay after a hard life: several workers, a master and a worker killed with -9 in the middle,
# trials that fail, are pruned, retried, asked and added, an edited study file. Every proposal must be
# the recorded one, bit for bit, for every sampler; then one recorded value is changed, and found.
. "$(dirname "$0")/lib.sh"

# Fails where a file fail.NUM is, the first time; reports and waits where a file prune.NUM is; waits
# where a file slow.NUM is, as long as it is there; from trial 24 on for a file go. Some results are
# fails and NaN.
cat >obj <<'END'
#!/bin/sh
n=$HOPT_STUDY.$HOPT_TRIAL
if [ -e "fail.$n" ]; then rm "fail.$n"; exit 3; fi
if [ -e "prune.$n" ]; then
    echo '{"report":{"step":3,"loss":0.5}}'
    touch "prunes.$n"
    sleep 60
fi
if [ -e "slow.$n" ]; then touch "slows.$n"; fi
while [ -e "slow.$n" ]; do sleep 0.02; done
while [ "$HOPT_TRIAL" -ge 24 ] && [ ! -e "go.$HOPT_STUDY" ]; do sleep 0.02; done
case $n in
*6) echo '{"result":{"status":"fail"}}' ;;
*9) echo nan ;;
*) echo "$1 $2" | awk '{ print ($1 - 1) * ($1 - 1) + $2 }' ;;
esac
END
chmod +x obj

study_file() { # study_file NAME SAMPLER
    study=$1
    cat >"$study.json" <<END
{"name": "$study",
 "space": {"x": {"_type": "uniform", "_value": [-5, 5]},
           "q": {"_type": "quniform", "_value": [0, 6, 2]},
           "kind": {"_type": "choice", "_value": [
               {"_name": "a", "rate": {"_type": "loguniform", "_value": [0.001, 1]}}, {"_name": "b"}]}},
 "objective": {"command": ["./obj", "{x}", "{q}"]},
 "sampler": $2,
 "points": [{"x": 0.5, "q": 2, "kind": {"_name": "b"}}],
 "stop": {"max_trials": 60}, "trial": {"lease_s": 60, "grace_s": 0.2}, "queue": {"ahead": 5}}
END
}

# put_value NUM SQL-PATH SQL-VALUE MONGO-PATH MONGO-VALUE: what a person might do to the store.
put_value() {
    if [ "$kind" = sqlite ]; then
        sqlite3 -cmd '.timeout 5000' store.db \
            "UPDATE trial SET $2 = $3 WHERE study = '$study' AND num = $1"
    else
        "$bin/mongo_tool" "$store" update jobs "{\"exp_key\": \"$study\", \"hopt.num\": $1}" \
            "{\"\$set\": {\"$4\": $5}}"
    fi || fail "trial $1 could not be changed"
}

# repeats CHECKED: hopt replay finds all as recorded (CHECKED '': whatever there is).
repeats() {
    exits 0 "${hopt[@]}" replay "$study" --json
    same "differences" 0 "$(field different <out.txt)"
    [ -z "$1" ] || same "proposals" "$1" "$(field checked <out.txt)"
}

# ask_some: trials that are asked for beside the master, until the study has its number.
ask_some() {
    local line
    for _ in 1 2 3 4 5; do
        line=$("${hopt[@]}" ask "$study") || return 0
        "${hopt[@]}" tell "$study" "$(field num <<<"$line")" 0.5 || return 1
    done
}

# live SAMPLER [EDITED]: a study from beginning to end; EDITED takes the sampler's place half-way.
live() {
    touch "fail.$study."{3,5,13} "prune.$study.8" "slow.$study.14"
    exits 0 "${hopt[@]}" study create "$study.json"
    start m1 "${master[@]}" --poll 100ms
    for i in 1 2; do start "w$i" "${worker[@]}" --slots 2 --max-failures 100 "$study.json"; done

    wait_until 20 "trial 8 reports" test -e "prunes.$study.8"
    put_value 8 stop "'pruned'" hopt.stop '"pruned"'
    wait_until 20 "trial 14 runs" test -e "slows.$study.14"
    wait_until 10 "trial 8 is pruned" trial_is 8 cancel
    same "why trial 8 ended" pruned "$(trials | grep '^{"num":8,' | field stop)"
    repeats ''

    # The master first, so that nobody sees the worker's trials before another master does.
    kill_hard m1
    kill_hard w1
    rm "slow.$study.14"
    start m2 "${master[@]}" --poll 100ms
    start w3 "${worker[@]}" --slots 2 --max-failures 100 "$study.json"
    wait_until 10 "m2 leads" has m2.log "leading study=$study"

    exits 0 "${hopt[@]}" ask "$study"
    asked=$(field num <out.txt)
    echo '{"x": 3, "q": 4, "kind": {"_name": "a", "rate": 0.5}}' >point.json
    exits 0 "${hopt[@]}" trials add "$study" point.json
    exits 0 "${hopt[@]}" trials retry "$study" 3 5
    exits 0 "${hopt[@]}" tell "$study" "$asked" 0.25
    if [ -n "${2:-}" ]; then
        sed -i "s/\"sampler\": .*/\"sampler\": $2,/" "$study.json"
        exits 0 "${hopt[@]}" study create "$study.json"
    fi
    touch "go.$study"
    for i in 1 2; do start "a$i" ask_some; done
    wait_until 30 "40 trials are done" at_least 40 done
    kill_hard m2
    start m3 "${master[@]}" --poll 100ms
    wait_until 60 "the study is done" study_is done
    for i in 1 2; do
        wait_end "a$i"
        same "exit code of asker $i" 0 "$code"
    done
    for i in m3 w2 w3; do kill_hard "$i"; done
    whole 60 'done|error|cancel'
    wait_until 1 "trial 3 ended after its retry" trial_is 3 done
    repeats 58
    same "given points" 2 "$(field given <out.txt)"
}

# finds NUM: x of trial NUM is changed; hopt replay finds exactly that.
finds() {
    put_value "$1" doc "json_set(doc, '\$.vals.x[0]', 0.125)" misc.vals.x '[0.125]'
    exits 1 "${hopt[@]}" replay "$study" --json
    same "lines" 2 "$(wc -l <out.txt)"
    same "the trial that differs" "$1" "$(head -n 1 out.txt | field num)"
    holds out.txt '"values":\{"x":\{"recorded":0\.125,"repeated":-?[0-9.e-]+\}\}'
    same "all others" 57 "$(tail -n 1 out.txt | field same)"
    exits 1 "${hopt[@]}" replay "$study"
    holds out.txt "^$1	x	0\.125	"
}

for sampler in auto tpe random hyperopt anneal mix; do
    say "$sampler"
    study_file "$sampler" "{\"name\": \"$sampler\", \"seed\": 11}"
    case $sampler in
    # Which of its parts proposes depends on the trials' times; a file without a name leaves it.
    auto) live "$sampler" '{"seed": 11, "share": 1}' ;;
    tpe) live "$sampler" '{"name": "tpe", "seed": 11, "candidates": 9}' ;;
    mix) live "$sampler" '{"name": "hyperopt", "gamma": 0.4}' ;;
    *) live "$sampler" ;;
    esac
    finds 20
done

say "copied to another store"
for study in random auto; do # auto: with the times of its trials
    exits 0 "${hopt[@]}" copy "$store" "sqlite:$work/copy.db" --study "$study"
    exits 1 "${hopt[@]}" replay "$study" --store "sqlite:$work/copy.db" --json
    same "differences" 1 "$(tail -n 1 out.txt | field different)"
done
