#!/usr/bin/env bash
# What hopt-master and hopt-worker show by --http: metrics that agree with the store while several
# clients read them, readiness, what is refused, and that nobody who dawdles is in the way.
. "$(dirname "$0")/lib.sh"
. "$here/http.sh"

write_objective
cat >mostly <<'END'
#!/bin/sh
case $HOPT_TRIAL in 4 | 9) exit 3 ;; esac
exec ./obj "$1"
END
chmod +x mostly
touch hang.6.1 slow.20.1
write_study monitor '{"command": ["./mostly", "{x}"]}' \
    '"direction": "maximize", "stop": {"max_trials": 24}, "trial": {"lease_s": 2}'

say "bad addresses"
for program in master worker; do
    declare -n command=$program
    for bad in nowhere:80 127.0.0.1 127.0.0.1:99999 ""; do
        exits 2 "${command[@]}" study.json --http "$bad"
        holds err.txt "$program: --http.*listen"
    done
    HOPT_HTTP=:1 exits 2 "${command[@]}" study.json
    exits 1 "${command[@]}" study.json --http 192.0.2.1:0
    exits 2 "${command[@]}" study.json --log-format xml
done

start master "${master[@]}" --poll 100ms --http 0 --log-format json
wait_until 60 "the master serves" serves master
wait_until 60 "the master is ready" gets 200 master /readyz
say "a port in use: nothing else happens"
exits 1 "${master[@]}" study.json --http "$(address master)"
holds err.txt 'hopt-master: --http: .*in use'
exits 1 "${worker[@]}" study.json --http "$(address master)"
exits 0 "${hopt[@]}" study list --json
lacks out.txt monitor
exits 0 "${hopt[@]}" study create study.json

say "read by three while it works"
readers() {
    while [ ! -e stop-reading ]; do
        local port path
        for port in "$@"; do
            for path in /metrics /healthz /readyz; do
                { exec 8<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null || continue
                printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' $path >&8
                timeout 60 cat <&8
                exec 8>&-
            done
        done
    done
}
HOPT_LOG_FORMAT=json start w1 "${worker[@]}" --http 0 study.json
wait_until 60 "the worker serves" serves w1
wait_until 60 "the worker is ready" gets 200 w1 /readyz
for i in 1 2 3; do
    port_master=$(address master) port_w1=$(address w1)
    readers "${port_master##*:}" "${port_w1##*:}" >"reader.$i" 2>/dev/null &
    pids[reader$i]=$!
done

say "refused"
for program in master w1; do
    must_get 403 $program /metrics evil.example
    must_get 403 $program /healthz localhost.evil.example
    must_get 405 $program /metrics localhost POST
    must_get 404 $program /nowhere
    must_get 200 $program /healthz localhost:1
done

say "a worker is killed in the middle of a trial"
wait_until 60 "trial 6 hangs" test -s hangs.6.1
wait_until 60 "one trial runs" metric_is master 'hopt_trials{study="monitor",state="running"}' 1
same "workers" 1 "$(metric master hopt_workers)"
same "leading" 1 "$(metric master 'hopt_leading{study="monitor"}')"
same "expired leases" 0 "$(metric master hopt_lease_expired_total)"
kill_hard w1
wait_until 60 "its lease expires" metric_is master hopt_lease_expired_total 1
touch stop-reading
for i in 1 2 3; do
    wait_end reader$i 90
    [ "$(grep -c '^HTTP/1.1 200' "reader.$i")" -ge 6 ] || fail "reader $i got no answers"
    grep -q '^hopt_claim_wait_seconds_count' "reader.$i" || fail "reader $i did not see the worker"
done

say "nobody waits for those who dawdle"
port=$(address master)
exec 7<>"/dev/tcp/127.0.0.1/${port##*:}"
printf 'GET /metr' >&7
exec 6<>"/dev/tcp/127.0.0.1/${port##*:}"
must_get 200 master /metrics

say "a worker that is leaving says so"
start w2 "${worker[@]}" --http 0 --http-allow-host worker.example --grace 600 study.json
wait_until 60 "trial 20 is slow" test -s slows.20.1
must_get 200 w2 /readyz worker.example:99
signal TERM w2
wait_until 60 "it is not ready" gets 503 w2 /readyz
holds body.txt leaving
must_get 200 w2 /healthz
[ "$(metric w2 hopt_claim_wait_seconds_count)" -ge 14 ] || fail "claims were not measured"
rm slow.20.1
wait_end w2 60
same "exit code of the worker" 0 "$code"
holds w2.log 'info .*http started address=127.0.0.1:'

start w3 "${worker[@]}" study.json
wait_until 60 "the study is done" study_is done
say "what the metrics say is what the store holds"
wait_until 60 "the master has seen the end" metric_is master 'hopt_trials{study="monitor",state="running"}' 0
for state in new running done error cancel; do
    same "trials that are $state" "$(count_trials $state)" \
        "$(metric master "hopt_trials{study=\"monitor\",state=\"$state\"}")"
done
same "errors" 2 "$(count_trials error)"
best=$(trials | grep '"state":"done"' | field loss | sort -g | tail -n 1)
awk -v a="$best" -v b="$(metric master 'hopt_best_loss{study="monitor"}')" \
    'BEGIN { exit !(a - b < 1e-12 && b - a < 1e-12 && a > 0) }' || fail "best loss: $best"
same "proposals" 24 "$(metric master hopt_proposals_total)"
same "suggestions" 24 "$(metric master hopt_suggest_seconds_count)"
for op in enqueue renew open_set; do
    metric_above master "hopt_store_seconds_count{op=\"$op\"}" 0 || fail "$op was not measured"
    same "errors of $op" 0 "$(metric master "hopt_store_errors_total{op=\"$op\"}")"
done
metric_above master process_resident_memory_bytes 1000000 || fail "memory"
wait_until 60 "it is not led any more" metric_is master 'hopt_leading{study="monitor"}' ""

[ "$kind" != mongo ] || {
    say "a store that is away"
    "${HOPT_PYTHON:-/usr/bin/python3}" "$here/proxy.py" "$HOPT_TEST_MONGO_URI" proxy.port &
    pids[proxy]=$!
    wait_until 60 "the proxy listens" test -s proxy.port
    start far "${master[@]}" --poll 100ms --http 0 \
        --store "mongodb://127.0.0.1:$(cat proxy.port)/${store##*/}?directConnection=true"
    wait_until 60 "the master behind it serves" serves far
    wait_until 60 "it is ready" gets 200 far /readyz
    kill_hard proxy
    wait_until 60 "it is not ready without the store" gets 503 far /readyz
    holds body.txt "store can't be used"
    must_get 200 far /healthz
    get far /metrics
    awk '/^hopt_store_errors_total/ { n += $2 } END { exit !(n > 0) }' body.txt ||
        fail "no store error was counted"
    signal TERM far
    wait_end far 60
}

say "it ends although connections are open"
signal TERM master
wait_end master 60
same "exit code of the master" 0 "$code"
not get master /healthz || fail "somebody still answers"
"${HOPT_PYTHON:-/usr/bin/python3}" - master.log w1.log <<'END' || fail "a log line is no object"
import json, sys
for path in sys.argv[1:]:
    lines = open(path).read().splitlines()
    assert lines, path
    for line in lines:
        entry = json.loads(line)
        assert {"time", "level", "msg"} <= set(entry), line
claimed = [e for e in map(json.loads, open(sys.argv[2])) if e["msg"] == "trial claimed"]
assert [e["trial"] for e in claimed] == list(range(7)) and claimed[0]["study"] == "monitor", claimed
END
say "what fails at the start is an object too"
exits 2 "${master[@]}" study.json --http nowhere --log-format json
holds err.txt '^\{"time":.*"level":"error","msg":"--http nowhere: .*","program":"hopt-master"\}$'
