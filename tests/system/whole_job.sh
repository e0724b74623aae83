#!/usr/bin/env bash
# SIGTERM to every process of a worker at once, in whatever order, as batch systems and service
# managers send it: the objective's sudden end is not the trial's, which goes back to the queue.
. "$(dirname "$0")/lib.sh"

write_objective
write_study whole_job '{"command": ["./obj", "{x}"]}' \
    '"stop": {"max_trials": 8}, "trial": {"max_attempts": 1, "grace_s": 1}'
exits 0 "${hopt[@]}" study create study.json
start master "${master[@]}" --poll 100ms

# runs NUM WORKER [ARGUMENT...]: a worker, and trial NUM waits in it.
runs() {
    local num=$1 name=$2
    shift 2
    touch "slow.$num.1"
    rm -f "slows.$num.1"
    start "$name" env "${hangup:---default-signal=HUP}" "${worker[@]}" "$@" study.json
    wait_until 60 "trial $num runs" test -s "slows.$num.1"
    objective=$(cat "slows.$num.1")
    runner=$(ps -o pid= --ppid "$(pid "$name")" | tr -d ' ')
    [ -n "$runner" ] || fail "no hopt-runner"
}

# given_back NUM WORKER
given_back() {
    wait_end "$2" 60
    same "exit code of $2" 0 "$code"
    trial_is "$1" new || fail "trial $1 is $(trial_state "$1")"
    holds "$2.log" "given back.*trial=$1 "
}

say "the objective first"
runs 1 w1 --grace 1h
kill -TERM "$objective" "$runner" "$(pid w1)"
given_back 1 w1

say "the worker first"
runs 1 w2 --grace 1h
kill -TERM "$(pid w2)" "$runner" "$objective"
given_back 1 w2

say "the objective a little before"
runs 1 w3 --grace 1h
kill -TERM "$objective"
sleep 0.2
kill -TERM "$(pid w3)"
given_back 1 w3

say "twice"
runs 1 w4 --grace 1h
kill -TERM "$objective" "$runner" "$(pid w4)"
kill -TERM "$runner" "$(pid w4)" 2>/dev/null
given_back 1 w4

say "an objective that handles it, with an exit code of its own"
cat >obj.py <<'END_PY'
import os, signal, sys, time
def handler(*_):
    open("handled", "a").write("once\n")
    sys.exit(3)
signal.signal(signal.SIGTERM, handler)
open("slows.1.1", "w").write("%d\n" % os.getpid())
while True:
    time.sleep(0.1)
END_PY
cp obj obj.kept
printf '#!/bin/sh\n[ "$HOPT_TRIAL" != 1 ] || exec python3 obj.py\necho "$1"\n' >obj.new
chmod +x obj.new
mv obj.new obj
runs 1 w5 --grace 1h
kill -TERM "$runner" "$objective" "$(pid w5)"
given_back 1 w5
same "signals the objective got" once "$(cat handled)"
mv obj.kept obj

say "one that goes on: it has the worker's grace time, not the runner's"
cat >obj.py <<'END_PY'
import os, signal, time
signal.signal(signal.SIGTERM, lambda *_: open("heard", "w").close())
open("slows.1.1", "w").write("%d\n" % os.getpid())
while os.path.exists("slow.1.1"):
    time.sleep(0.1)
print("0.5")
END_PY
cp obj obj.kept
printf '#!/bin/sh\n[ "$HOPT_TRIAL" != 1 ] || exec python3 obj.py\necho "$1"\n' >obj.new
chmod +x obj.new
mv obj.new obj
runs 1 w6 --grace 1h
kill -TERM "$runner" "$objective" "$(pid w6)"
wait_until 60 "it got the signal" test -e heard
sleep 2 # longer than trial.grace_s
rm slow.1.1
wait_end w6 60
trial_is 1 done || fail "trial 1 is $(trial_state 1)"
mv obj.kept obj

say "the objective alone: that is the trial's"
runs 3 w7
kill -TERM "$objective"
wait_until 60 "trial 3 has ended" trial_is 3 error
holds w7.log 'trial=3 .*type=Signal'
rm slow.3.1

say "SIGHUP is as SIGTERM"
wait_until 60 "the study is done" study_is done
signal HUP w7
wait_end w7 60
same "exit code of w7" 0 "$code"
holds w7.log 'signal 1: taking no more trials'

say "but not under nohup"
exits 0 "${hopt[@]}" study set whole_job stop.max_trials=9
hangup=--ignore-signal=HUP runs 8 w8
signal HUP w8
rm slow.8.1
wait_until 60 "trial 8 has ended well" trial_is 8 done
alive w8 || fail "the worker left: $(cat w8.log)"
signal TERM w8
wait_end w8 60
holds w8.log 'signal 15: taking no more trials'
whole 9 'done|error'
same "trials with an error" 1 "$(count_trials error)"
