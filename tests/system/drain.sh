#!/usr/bin/env bash
# SIGTERM to a worker: it finishes what runs within the grace time, or gives it back; a second one:
# it gives it back at once. What was given back has lost no attempt.
. "$(dirname "$0")/lib.sh"

write_objective
write_study drain '{"command": ["./obj", "{x}"]}' \
    '"stop": {"max_trials": 9}, "trial": {"max_attempts": 1, "grace_s": 1}'
exits 0 "${hopt[@]}" study create study.json
start master "${master[@]}" --poll 100ms

# runs NUM WORKER ARGUMENT...: a worker, and trial NUM waits in it.
runs() {
    local num=$1 name=$2
    shift 2
    touch "slow.$num.1"
    rm -f "slows.$num.1"
    start "$name" "${worker[@]}" "$@" study.json
    wait_until 15 "trial $num runs" test -s "slows.$num.1"
}

say "within the grace time"
runs 1 w1 --grace 20s
signal TERM w1
wait_until 5 "it has seen the signal" has w1.log 'finishing the running ones'
sleep 0.5
alive w1 || fail "it did not wait for its trial"
rm slow.1.1
wait_end w1 5
same "exit code" 0 "$code"
trial_is 1 done || fail "trial 1 is $(trial_state 1)"
same "trials begun after the signal" 0 "$(began 2 1)"

say "not within the grace time"
runs 3 w2 --grace 1s
signal TERM w2
wait_end w2 8
same "exit code" 0 "$code"
trial_is 3 new || fail "trial 3 is $(trial_state 3)"
has w2.log 'given back' || fail "the worker does not say that it gave trial 3 back"

say "a second signal"
runs 3 w3 --grace 1h
signal TERM w3
wait_until 5 "it has seen the first" has w3.log 'finishing the running ones'
sleep 0.3
alive w3 || fail "it did not wait for its trial"
signal TERM w3
wait_end w3 3
trial_is 3 new || fail "trial 3 is $(trial_state 3)"
gone "$(cat slows.3.1)" || fail "the objective lives on"

say "it goes on elsewhere"
rm slow.3.1
start w4 "${worker[@]}" study.json
wait_until 20 "the study is done" study_is done
whole 9
same "starts of trial 3, all the first attempt" 3 "$(began 3 1)"
exits 0 "${hopt[@]}" trials show drain 3 --json
holds out.txt '"attempt":1'
