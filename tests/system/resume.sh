#!/usr/bin/env bash
# hopt run that is interrupted once, twice, and killed: nothing is lost, and the same command goes on
# until the study is done. On a finished study it says so and how to go on.
. "$(dirname "$0")/lib.sh"

write_objective
write_study again '{"command": ["./obj", "{x}"]}' \
    '"stop": {"max_trials": 40}, "trial": {"grace_s": 1, "lease_s": 60}'
run=("${hopt[@]}" run study.json -j 2)

# interrupt NUM ATTEMPT: `hopt run`, until trial NUM waits in it.
runs() {
    touch "slow.$1.$2"
    start run "${run[@]}"
    wait_until 15 "trial $1 runs" test -s "slows.$1.$2"
}

say "interrupted once: what runs may end"
runs 5 1
signal INT run
wait_until 5 "it has seen the signal" has run.log 'stopping: waiting for'
sleep 0.5
alive run || fail "it did not wait for its trial"
rm slow.5.1
wait_end run 10
same "exit code" 130 "$code"
trial_is 5 done || fail "trial 5 is $(trial_state 5)"
same "running trials" 0 "$(count_trials running)"

say "interrupted twice: what runs goes back to the queue"
rm run.log
runs 12 1
signal INT run
wait_until 5 "it has seen the first" has run.log 'stopping: waiting for'
signal INT run
wait_end run 10
same "exit code" 130 "$code"
trial_is 12 new || fail "trial 12 is $(trial_state 12)"
same "running trials" 0 "$(count_trials running)"
gone "$(cat slows.12.1)" || fail "the objective lives on"
rm slow.12.1

say "terminated"
runs 18 1
signal TERM run
rm slow.18.1
wait_end run 10
same "exit code" 143 "$code"

say "killed"
runs 24 1
kill_hard run
trial_is 24 running || fail "trial 24 is $(trial_state 24)"
promptly 1 "its objective is gone" gone "$(cat slows.24.1)"
rm slow.24.1

say "to the end"
exits 0 "${run[@]}"
study_is done || fail "the study is $(study_field state)"
whole 40
same "starts of trial 24" "1 1" "$(began 24 1) $(began 24 2)"
same "starts of trial 12" 2 "$(began 12 1)"

say "finished"
exits 0 "${run[@]}"
cat out.txt err.txt >all.txt
holds all.txt 'done|finished'
holds all.txt 'max-trials'
whole 40
exits 0 "${run[@]}" --max-trials 44
whole 44

say "another space under the same name"
sed 's/\[-5, 5\]/[-5, 6]/' study.json >other.json
exits 6 "${hopt[@]}" run other.json
holds err.txt '\bx\b'
exits 0 "${hopt[@]}" run other.json --name other --max-trials 3
whole 44

say "the first five all fail"
write_study wrong '{"command": ["sh", "-c", "echo what a pity >&2; exit 9"]}' '"stop": {"max_trials": 20}'
exits 5 "${hopt[@]}" run study.json
holds err.txt 'what a pity'
study_is paused || fail "the study is $(study_field state)"
sed -i 's/exit 9/echo 1/' study.json
exits 0 "${hopt[@]}" run study.json
study_is done || fail "the study is $(study_field state)"
