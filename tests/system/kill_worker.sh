#!/usr/bin/env bash
# kill -9 of a worker, of its runner and of the objective in the middle of a trial: the objective and
# everything below it dies within a second, the trial is evaluated again or has its reason, once.
. "$(dirname "$0")/lib.sh"

write_objective
touch hang.1.1 hang.5.1 hang.7.1 hang.7.2
echo "no session of its own" >hang.3.1 # only the runner finds such a one, and dies here
write_study kill '{"command": ["./obj", "{x}"]}' \
    '"stop": {"max_trials": 10}, "trial": {"lease_s": 200, "max_attempts": 2}'
exits 0 "${hopt[@]}" study create study.json

processes() {
    [ "$(descendants "$(pid "$1")" | wc -l)" -ge "$2" ]
}

# await_hang NUM ATTEMPT WORKER PROCESSES: those below the worker go to $below, the first of them,
# the runner, to $runner.
await_hang() {
    wait_until 15 "trial $1 hangs" test -s "hangs.$1.$2"
    wait_until 5 "trial $1 has all its processes" processes "$3" "$4"
    read -r -d '' -a below <<<"$(descendants "$(pid "$3")")"
    runner=${below[0]}
    objective=$(cat "hangs.$1.$2")
}

start master "${master[@]}" --poll 100ms
start w1 "${worker[@]}" study.json

say "the worker"
await_hang 1 1 w1 5
trial_is 1 running || fail "trial 1 is not running"
kill_hard w1
promptly 1 "the dead worker's objective and its children are gone" gone "${below[@]}"
start w2 "${worker[@]}" study.json
# Same host, same boot, and the process is gone: the master does not wait for the lease, which is
# longer than we wait.
wait_until 5 "trial 1 is evaluated again" trial_is 1 done
same "first attempts of trial 1" 1 "$(began 1 1)"
same "second attempts of trial 1" 1 "$(began 1 2)"

say "the runner"
await_hang 3 1 w2 4
kill -KILL "$runner" || fail "no runner"
promptly 1 "the dead runner's objective and its children are gone" gone "${below[@]}"
wait_until 5 "trial 3 has failed" trial_is 3 error
exits 0 "${hopt[@]}" trials show kill 3
holds out.txt 'Signal'

say "the objective"
await_hang 5 1 w2 5
kill -KILL "$objective" || fail "no objective"
promptly 1 "the dead objective's children are gone" gone "${below[@]}"
wait_until 5 "trial 5 has failed" trial_is 5 error
exits 0 "${hopt[@]}" trials show kill 5
holds out.txt 'Signal'
holds out.txt 'signal 9|SIGKILL|Killed'
alive w2 || fail "the worker has left"

say "the worker, twice: no attempts are left"
await_hang 7 1 w2 5
kill_hard w2
start w3 "${worker[@]}" study.json
await_hang 7 2 w3 5
kill_hard w3
start w4 "${worker[@]}" study.json
wait_until 5 "trial 7 has failed" trial_is 7 error
exits 0 "${hopt[@]}" trials show kill 7
holds out.txt 'LeaseExpired'

wait_until 20 "the study is done" study_is done
whole 10 'done|error'
same "trials that ended well" 7 "$(count_trials done)"
same "evaluations" 12 "$(wc -l <began)"
same "nobody evaluates more than once" 12 "$(sort -u began | wc -l)"
