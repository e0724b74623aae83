#!/usr/bin/env bash
# A worker that stands still for longer than its lease: its trial goes to another one, and the result
# that it then comes with is refused.
. "$(dirname "$0")/lib.sh"

write_objective
touch slow.1.1
write_study stale '{"command": ["./obj", "{x}"]}' \
    '"stop": {"max_trials": 6}, "trial": {"lease_s": 4}'
exits 0 "${hopt[@]}" study create study.json
start master "${master[@]}"
start w1 "${worker[@]}" study.json
wait_until 15 "trial 1 runs" test -s slows.1.1

signal STOP w1
stopped=$EPOCHSECONDS
start w2 "${worker[@]}" study.json
sleep 1
state=$(trial_state 1)
# It was renewed a second before at most. On a slow machine this look may come too late to tell.
[ "$state" = running ] || [ $((EPOCHSECONDS - stopped)) -ge 2 ] ||
    fail "the lease of trial 1 ended too early"
promptly 10 "the lease ends and trial 1 is evaluated again" trial_is 1 done
[ $((EPOCHSECONDS - stopped)) -ge 2 ] || fail "after $((EPOCHSECONDS - stopped)) s: before its lease"
say "after $((EPOCHSECONDS - stopped)) s"
same "second attempts" 1 "$(began 1 2)"
winner=$(trials | grep '^{"num":1,' | field worker)

rm slow.1.1
sleep 0.3
signal CONT w1
wait_until 10 "the late result is refused" has w1.log 'lease lost.*trial=1'
wait_until 20 "the study is done" study_is done
whole 6
same "who evaluated trial 1" "$winner" "$(trials | grep '^{"num":1,' | field worker)"
case $winner in *":$(pid w2):"*) ;; *) fail "$winner is not w2" ;; esac
alive w1 || fail "the stale worker has left"
