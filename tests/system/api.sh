#!/usr/bin/env bash
# The API of hopt-master, read over HTTP: what it says is what the command line says.
. "$(dirname "$0")/lib.sh"
. "$here/http.sh"

cat >obj <<'END'
#!/bin/sh
echo "trial $HOPT_TRIAL of <b>\"this\"</b>"
printf 'noise \001\377\n'
[ "$HOPT_TRIAL" != 3 ] || exit 7
for step in 1 2 3; do echo "{\"report\": {\"step\": $step, \"loss\": -$step.5}}"; done
echo "$1"
END
chmod +x obj
write_study api '{"command": ["./obj", "{x}"]}' '"direction": "maximize", "stop": {"max_trials": 12}'
exits 0 "${hopt[@]}" study create study.json
sed 's/"api"/"other.study"/' study.json >other.json
exits 0 "${hopt[@]}" study create other.json

start master "${master[@]}" --poll 100ms --http 0 --studies api
start worker "${worker[@]}" --slots 2 study.json
wait_until 60 "the master serves" serves master
must_get 200 master /api/v1/studies # while it works
wait_until 60 "the study is done" study_is done
wait_until 60 "the master has seen it" \
    metric_is master 'hopt_trials{study="api",state="running"}' 0

say "against the command line"
export no_proxy='*'
"${HOPT_PYTHON:-/usr/bin/python3}" "$here/api_check.py" "http://$(address master)" "$bin/hopt" ||
    fail "the API and the command line differ"

say "a worker that was told to leave is gone"
signal TERM worker
wait_end worker 60
must_get 200 master /api/v1/workers
same "workers" '{"workers":[]}' "$(cat body.txt)"

say "asked by many when it ends"
askers() {
    while [ ! -e stop-asking ]; do
        get master "/api/v1/studies/api/trials?limit=$1" >/dev/null 2>&1
        [ "$status" = 200 ] && echo answered
    done
}
for i in 1 2 3 4; do
    mkdir "asker$i"
    (work=$work/asker$i && cp master.log "$work" && cd "$work" && askers $i >>asked 2>/dev/null) &
    pids[asker$i]=$!
done
many() {
    [ "$(cat asker?/asked 2>/dev/null | wc -l)" -ge 20 ]
}
wait_until 60 "they are answered" many
signal TERM master
wait_end master 60
same "exit code of the master" 0 "$code"
for i in 1 2 3 4; do
    touch "asker$i/stop-asking"
    wait_end asker$i 90
done
