#!/usr/bin/env bash
# A study from its file to its best trial with a master and three workers, looked at while it runs.
. "$(dirname "$0")/lib.sh"

n=60
# The first evaluations wait for each other: each of the three workers must take one of them.
write_study whole '{"command": ["sh", "-c",
    "echo $HOPT_TRIAL >>ran; while [ $(wc -l <ran) -lt 3 ]; do sleep .05; done; echo {x}"]}' \
    '"stop": {"max_trials": 60}'

exits 0 "${hopt[@]}" study create study.json
exits 4 "${hopt[@]}" study show another
study_is active || fail "a new study is not active"
same "trials of a new study" 0 "$(count_trials '')"

start master "${master[@]}"
for i in 1 2 3; do
    start "worker$i" "${worker[@]}" study.json
done

wait_until 30 "10 trials are done" at_least 10 done
exits 0 "${hopt[@]}" workers --json
same "workers" 3 "$(grep -o '"host":' out.txt | wc -l)"
exits 0 "${hopt[@]}" study list
holds out.txt '^whole'
exits 0 "${hopt[@]}" study show whole
holds out.txt active
exits 0 "${hopt[@]}" trials list whole
[ "$(wc -l <out.txt)" -gt 10 ] || fail "hopt trials list shows $(wc -l <out.txt) lines"
exits 0 "${hopt[@]}" best whole --json

wait_until 60 "the study is done" study_is done
whole $n
same "evaluations" $n "$(sort -u ran | wc -l)"
same "evaluations, repeated ones too" $n "$(wc -l <ran)"
same "reason" max_trials "$(study_field reason)"

# The best is the lowest x that was evaluated, and says so in every form.
lowest=$(trials | sed -nE 's/.*"loss":([^,}]*).*/\1/p' | sort -g | head -n 1)
exits 0 "${hopt[@]}" best whole --json
same "loss of the best" "$lowest" "$(sed -nE 's/.*"loss":([^,}]*).*/\1/p' out.txt)"
exits 0 "${hopt[@]}" best whole --format args
holds out.txt "$lowest"

# Every worker has done its part, and the workers leave cleanly.
for i in 1 2 3; do
    has "worker$i.log" 'trial ended' || fail "worker$i has evaluated nothing"
    signal TERM "worker$i"
done
for i in 1 2 3; do
    wait_end "worker$i"
    same "exit code of worker$i" 0 "$code"
done
signal TERM master
wait_end master
same "exit code of the master" 0 "$code"
exits 0 "${hopt[@]}" workers --json
lacks out.txt '"host":'
lacks master.log '(WARN|warn|error)'
