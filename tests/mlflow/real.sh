#!/usr/bin/env bash
# A real MLflow tracking server, killed for a while in the middle of a study, and the master killed
# twice; then every trial is compared with every run, point by point. real.sh sqlite|mongo
. "$(dirname "$0")/../system/lib.sh"
. "$here/../mlflow/lib.sh"
trials=${HOPT_TEST_MLFLOW_TRIALS:-60}
venv=$("$mlflow_tests/venv.sh") || exit $?

# serve NAME: the tracking server, in a session of its own, so that all of it can be killed.
serve() {
    MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false MLFLOW_DISABLE_TELEMETRY=true PATH=$venv/bin:$PATH \
        start "$1" setsid "$venv/bin/mlflow" server --host 127.0.0.1 --port "$port" --workers 1 \
        --backend-store-uri "sqlite:///$work/mlflow.db" --artifacts-destination "$work/artifacts"
}

at_exit() {
    [ -z "${server:-}" ] || kill -KILL -- "-$server" 2>/dev/null
}

healthy() {
    curl --noproxy '*' -sf "$uri/health" >/dev/null || {
        # The port was taken meanwhile: another one.
        alive "$1" || fail "MLflow ended: $(tail -n 5 "$work/$1.log")"
        return 1
    }
}

# in_mlflow N: at least so many runs of trials.
in_mlflow() {
    [ "$(sqlite3 "$work/mlflow.db" "SELECT count(*) FROM tags WHERE key='hopt.num'" 2>/dev/null ||
        echo 0)" -ge "$1" ]
}

port=$(free_port)
uri=http://127.0.0.1:$port
serve mlflow1
server=$(pid mlflow1)
write_mlflow_study ml "$trials"
export OBJECTIVE_SLEEP=0.1
wait_until 240 "MLflow answers" healthy mlflow1

say "a study begins"
export MLFLOW_TRACKING_PASSWORD=wrong-and-secret MLFLOW_TRACKING_USERNAME=somebody
exits 0 "${hopt[@]}" study create study.json
start m1 "${master[@]}" --mlflow "$uri" --mlflow-artifacts
start w1 "${worker[@]}" --max-failures 1000 --slots 2 study.json
wait_until 120 "runs of trials" in_mlflow 5

say "MLflow is killed: the study goes on"
kill -KILL -- "-$server"
server=
ended=$(count_trials done)
wait_until 120 "a warning" has m1.log "WARN|warn .*MLflow at $uri can't be used"
wait_until 120 "trials go on ending" at_least $((ended + 8)) done

say "the master is killed, too, and started again"
kill_hard m1
start m2 "${master[@]}" --mlflow "$uri" --mlflow-artifacts
ended=$(count_trials done)
wait_until 120 "trials go on ending" at_least $((ended + 4)) done
wait_until 120 "a warning" has m2.log "can't be used"

say "MLflow comes back; the master is killed in the middle of catching up"
serve mlflow2
server=$(pid mlflow2)
wait_until 240 "MLflow answers" healthy mlflow2
runs=$(sqlite3 "$work/mlflow.db" "SELECT count(*) FROM tags WHERE key='hopt.num'")
wait_until 120 "it catches up" in_mlflow $((runs + 3))
kill_hard m2
start m3 "${master[@]}" --mlflow "$uri" --mlflow-artifacts

say "everything is there, once"
wait_until 240 "the study is done" study_is done
all_noted() {
    noted=$(sqlite3 "$work/store.db" 'SELECT count(*) FROM mlflow_trial WHERE done NOT NULL')
    [ "$noted" = "$trials" ]
}
wait_until 240 "all trials are noted as delivered" all_noted
if ! (wait_until 120 "runs as trials" compare "$uri"); then
    fail "$(head -n 40 compare.txt)"
fi
cat compare.txt
same "warnings of m1" 1 "$(grep -c "can't be used" m1.log)"
lacks m1.log secret
lacks m2.log secret

say "a trial that is retried, another process delivers it"
signal TERM m3
wait_end m3
same "exit code of m3" 0 "$code"
signal TERM w1
wait_end w1 60
exits 0 "${hopt[@]}" trials retry ml 3
touch mended
exits 0 "${hopt[@]}" run study.json --max-trials $((trials + 1)) --mlflow "$uri" --mlflow-artifacts
lacks err.txt 'not in MLflow'
trial_is 3 done || fail "trial 3 is $(trial_state 3)"
RETRIED=3 HOPT_STUDY_BUDGET=$trials compare "$uri" || fail "$(head -n 40 compare.txt)"
cat compare.txt
