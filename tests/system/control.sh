#!/usr/bin/env bash
# People at the wheel: pause, resume, stop, raise and lower max_trials, retry, while it runs; and the
# ways a study ends by itself: loss_below, no_progress, timeout, the first five trials all failing.
. "$(dirname "$0")/lib.sh"

cat >obj <<'END'
#!/bin/sh
echo $HOPT_TRIAL >>began
sleep 0.1
echo "$1"
END
chmod +x obj

# A study of its own for each, all of them looked after by one master and one worker from the start.
objective='{"command": ["./obj", "{x}"]}'
write_study below "$objective" '"stop": {"loss_below": -4.5, "max_trials": 400}'
mv study.json below.json
write_study above "$objective" '"direction": "maximize", "stop": {"loss_below": 3.9, "max_trials": 400}'
mv study.json above.json
write_study stuck '{"command": ["echo", "1"]}' '"stop": {"no_progress": {"trials": 7}, "max_trials": 400}'
mv study.json stuck.json
write_study late '{"command": ["sleep", "100"]}' \
    '"stop": {"timeout_s": 8, "max_trials": 400}, "trial": {"grace_s": 1, "lease_s": 8}'
mv study.json late.json
write_study hopeless '{"command": ["sh", "-c", "echo no such luck >&2; exit 7"]}' '"stop": {"max_trials": 50}'
mv study.json hopeless.json
write_study wheel "$objective" '"stop": {"max_trials": 60}, "trial": {"lease_s": 20}'

start master "${master[@]}" {below,above,stuck,late,hopeless,study}.json
wait_until 10 "the master runs" has master.log 'master started'
start ends "${worker[@]}" --slots 5 --max-failures 0 {below,above,stuck,late,hopeless}.json
start worker "${worker[@]}" --slots 2 study.json

say "pause and resume"
wait_until 10 "some trials are done" at_least 3 done
exits 0 "${hopt[@]}" study pause wheel
study_is paused || fail "the study is $(study_field state)"
counts() {
    echo "$(count_trials running) $(count_trials done)"
}
# For 1.5 s, which is many trials: between two of them none runs either.
rests() {
    paused=$(count_trials done)
    sleep 1.5
    [ "$(counts)" = "0 $paused" ]
}
wait_until 6 "no trial runs in a paused study" rests
sleep 1.5
same "running and done trials of a paused study" "0 $paused" "$(counts)"
exits 0 "${hopt[@]}" study resume wheel
goes_on() {
    [ "$(count_trials done)" -gt "$1" ]
}
wait_until 10 "it goes on" goes_on "$paused"

say "its end, and raised"
wait_until 15 "the study is done" study_is done
whole 60
exits 0 "${hopt[@]}" study set wheel stop.max_trials=66
wait_until 5 "it is active again" study_is active
wait_until 15 "the study is done" study_is done
whole 66

say "lowered"
exits 0 "${hopt[@]}" study set wheel stop.max_trials=500
wait_until 15 "it goes on" at_least 68 done
exits 0 "${hopt[@]}" study set wheel stop.max_trials=70
wait_until 15 "the study is done" study_is done
same "open trials of a study that is done" 0 $(($(count_trials new) + $(count_trials running)))
[ "$(count_trials done)" -ge 70 ] || fail "it ended with $(count_trials done)"

say "stop"
exits 0 "${hopt[@]}" study set wheel stop.max_trials=1000
wait_until 15 "it goes on" at_least 73 done
exits 0 "${hopt[@]}" study stop wheel
wait_until 15 "the study is done" study_is done
same "reason" cancelled "$(study_field reason)"
same "open trials of a study that is done" 0 $(($(count_trials new) + $(count_trials running)))

say "bad settings"
exits 2 "${hopt[@]}" study set wheel stop.max_trials=ten
exits 2 "${hopt[@]}" study set wheel stop.max_trils=10
exits 4 "${hopt[@]}" study set nosuch stop.max_trials=10
same "max_trials" 1000 "$(study_field max_trials)"

say "what ends by itself"
study=below
wait_until 20 "loss_below" study_is done
same "reason" loss_below "$(study_field reason)"
"${hopt[@]}" best below --json | field loss | awk '{ exit !($1 < -4.5) }' || fail "the best is not below"
study=above
wait_until 20 "loss_below when maximizing" study_is done
same "reason" loss_below "$(study_field reason)"
"${hopt[@]}" best above --json | field loss | awk '{ exit !($1 > 3.9) }' || fail "the best is not above"
study=stuck
wait_until 20 "no_progress" study_is done
same "reason" no_progress "$(study_field reason)"
within "trials until then" 8 14 "$(count_trials done)"
study=late
wait_until 20 "timeout" study_is done
same "reason" timeout "$(study_field reason)"
[ "$(count_trials cancel)" -ge 1 ] || fail "no trial was stopped: $(trials late)"
same "other trials" 0 "$(trials | field state | grep -cvx cancel)"
exits 4 "${hopt[@]}" best late
study=hopeless
wait_until 20 "the hopeless one is paused" study_is paused
within "trials until then" 5 15 "$(count_trials error)"
exits 0 "${hopt[@]}" study show hopeless
holds out.txt 'failed'

say "retry"
before=$(count_trials '')
exits 0 "${hopt[@]}" trials retry hopeless 0
trial_is 0 new || fail "trial 0 is $(trial_state 0)"
exits 6 "${hopt[@]}" trials retry hopeless 0
same "trials" "$before" "$(count_trials '')"

alive worker && alive ends && alive master || fail "a program has left"
