#!/usr/bin/env bash
# The master is killed in the middle of a study, again and again; another takes over, at once when it
# was killed on this host, after its lease when it only stands still. No slot twice, none too many.
. "$(dirname "$0")/lib.sh"

cat >obj <<'END'
#!/bin/sh
echo $HOPT_TRIAL >>began
sleep 0.05
echo "$1"
END
chmod +x obj
write_study km '{"command": ["./obj", "{x}"]}' '"stop": {"max_trials": 100000}, "queue": {"ahead": 6}'
exits 0 "${hopt[@]}" study create study.json

more_than() {
    [ "$(count_trials done)" -gt "$1" ]
}

goes_on() { # goes_on SECONDS WHAT: 12 more trials end, more than any queue held
    wait_until "$1" "$2" more_than $(($(count_trials done) + 12))
}

for i in 1 2; do start "w$i" "${worker[@]}" --slots 2 study.json; done
start m1 "${master[@]}"
wait_until 5 "m1 leads" has m1.log 'leading study=km'
goes_on 20 "the study goes on with m1"

say "killed, started again"
kill_hard m1
start m2 "${master[@]}"
promptly 5 "m2 leads: m1's process is gone" has m2.log 'leading study=km'
goes_on 10 "the study goes on with m2"

say "a second one stands by and takes over"
start m3 "${master[@]}"
wait_until 5 "m3 runs" has m3.log 'master started'
goes_on 10 "the study goes on with m2 beside m3"
lacks m3.log 'leading'
kill_hard m2
promptly 5 "m3 leads" has m3.log 'leading study=km'
goes_on 10 "the study goes on with m3"

say "asked to leave"
start m4 "${master[@]}"
wait_until 5 "m4 runs" has m4.log 'master started'
signal TERM m3
wait_end m3
same "exit code of m3" 0 "$code"
promptly 5 "m4 leads" has m4.log 'leading study=km'

say "stands still: by its lease of 15 s"
start m5 "${master[@]}"
goes_on 10 "the study goes on with m4"
lacks m5.log 'leading'
signal STOP m4
stopped=$EPOCHSECONDS
promptly 20 "m5 leads" has m5.log 'leading study=km'
[ $((EPOCHSECONDS - stopped)) -ge 10 ] || fail "after $((EPOCHSECONDS - stopped)) s: before its lease"
goes_on 10 "the study goes on with m5"
signal CONT m4
wait_until 8 "m4 sees that it does not lead" has m4.log 'standing by study=km'

say "the end"
# Paused meanwhile: however long the leader takes to see the number, there are no more than that.
exits 0 "${hopt[@]}" study pause km
rests() {
    local before
    before=$(count_trials done)
    sleep 1
    [ "$(count_trials running) $(count_trials done)" = "0 $before" ]
}
wait_until 20 "nothing runs while it is paused" rests
n=$(($(count_trials "") + 40))
exits 0 "${hopt[@]}" study set km "stop.max_trials=$n"
exits 0 "${hopt[@]}" study resume km
wait_until 30 "the study is done" study_is done
whole $n
same "evaluations" $n "$(wc -l <began)"
alive m4 || fail "m4 has left"
alive m5 || fail "m5 has left"
