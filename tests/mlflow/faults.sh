#!/usr/bin/env bash
# A tracking server that fails in every way: each is said once in clear words, the study goes on, an
# interrupt ends the wait for it, and when it works again every point is there once. faults.sh sqlite
. "$(dirname "$0")/../system/lib.sh"
. "$here/../mlflow/lib.sh"

mode() {
    echo "$1" >mode.new && mv mode.new mode
}

mode html
start fake /usr/bin/python3 "$mlflow_tests/fake.py" "$work/port" "$work/mode"
wait_until 60 "the server runs" test -s port
uri=http://127.0.0.1:$(cat port)
write_mlflow_study faults 20
run=("${hopt[@]}" run study.json -j 2 --mlflow-artifacts --mlflow)

say "a study beside a server that answers with pages"
start html "${run[@]}" "$uri"
wait_until 120 "said" has html.log "warn .*MLflow at $uri can't be used.*answers with a page \(HTTP 200\)"
wait_until 120 "done" study_is done
wait_until 60 "it waits" has html.log 'sending the last trials to MLflow'
signal INT html
wait_end html 60
same "exit code" 0 "$code"
holds html.log '20 trials are not in MLflow yet'
same "warnings" 1 "$(grep -c "can't be used" html.log)"
whole 20 'done|error'

# fails MODE WORDS: what a run says in this mode; an interrupt ends its wait.
fails() {
    say "mode $1"
    mode "$1"
    start "$1" "${run[@]}" "$uri"
    wait_until 90 "said" has "$1.log" "warn .*MLflow at $uri can't be used.*$2"
    signal INT "$1" 2>/dev/null
    wait_end "$1" 60
    same "exit code" 0 "$code"
    holds "$1.log" '20 trials are not in MLflow yet'
}
fails 401 'access is denied \(HTTP 401: You are not authenticated.\): set MLFLOW_TRACKING_TOKEN'
fails 403 'access is denied \(HTTP 403: Invalid Host header\)'
fails moved 'it leads elsewhere \(HTTP 302\)'
fails 404 'answers with a page \(HTTP 404\)'
fails 500 'it fails \(HTTP 500: database or disk is full\)'
fails 200 'of another version \(HTTP 200: OK\)'

say "nobody listens"
start absent "${run[@]}" "http://127.0.0.1:$(free_port)"
wait_until 90 "said" has absent.log "can't be used.*no answer: .*([Rr]efused|connect)"
signal INT absent
wait_end absent 60
same "exit code" 0 "$code"

say "it hangs: an interrupt breaks a request off"
mode hang
start hang "${run[@]}" "$uri"
wait_until 90 "it waits" has hang.log 'sending the last trials to MLflow'
signal INT hang
wait_end hang 30
same "exit code" 0 "$code"
holds hang.log '20 trials are not in MLflow yet'

say "a wrong token, and the right one; neither is ever said"
mode token
MLFLOW_TRACKING_TOKEN=wrong-token start wrong "${run[@]}" "$uri"
wait_until 90 "said" has wrong.log 'HTTP 401: wrong token'
signal INT wrong
wait_end wrong 60
lacks wrong.log 'wrong-token'

say "it does what it is asked and breaks the connection"
mode cut
for ((i = 0; i < 15; i++)); do
    exits 0 "${run[@]}" "$uri"
    cat err.txt >>cut.log
    if ! has err.txt 'not in MLflow yet'; then break; fi
done
holds cut.log "can't be used"
holds cut.log 'works again'
lacks err.txt 'not in MLflow yet'
mode token
export COMPARE_TOKEN=secret-token MLFLOW_TRACKING_TOKEN=secret-token
compare "$uri" || fail "$(head -n 40 compare.txt)"
cat compare.txt

say "more trials, by a master; nothing is sent twice"
exits 0 "${hopt[@]}" study set faults stop.max_trials=24
start w "${worker[@]}" --max-failures 1000 study.json
exits 0 "${master[@]}" --once --mlflow "$uri" --mlflow-artifacts
lacks err.txt 'secret'
whole 24 'done|error'
HOPT_STUDY_BUDGET=20 compare "$uri" || fail "$(head -n 40 compare.txt)"
cat compare.txt

say "a URI that is none"
exits 2 "${run[@]}" "127.0.0.1:5000"
holds err.txt 'tracking server'
exits 2 "${master[@]}" --mlflow "ftp://127.0.0.1/"
