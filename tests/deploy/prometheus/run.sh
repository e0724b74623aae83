#!/usr/bin/env bash
# run.sh sqlite|mongo: a real Prometheus with the files of deploy/ scrapes a master and a worker of
# each kind of store while studies run; what it has then is what the store holds.
. "$(dirname "${BASH_SOURCE[0]}")/../../system/lib.sh"
. "$here/http.sh"
export no_proxy='*' # the checks talk to this machine

files=$repo/tests/deploy/prometheus
command -v prometheus >/dev/null && command -v promtool >/dev/null ||
    fail "the Debian package prometheus is not installed: cmake/packages.sh test"
check() {
    "${HOPT_PYTHON:-/usr/bin/python3}" "$files/check.py" "$@"
}

say "promtool"
cp "$repo"/deploy/prometheus/*.yml "$files/rules.test.yml" .
promtool check config prometheus.yml >tool.log || fail "prometheus.yml: $(cat tool.log)"
promtool check config compose.yml >tool.log || fail "compose.yml: $(cat tool.log)"
promtool check rules hopt.rules.yml >tool.log || fail "hopt.rules.yml: $(cat tool.log)"
promtool test rules rules.test.yml >tool.log 2>&1 || fail "the alerts: $(cat tool.log)"
sed -i 's/== 0$/== 1/' hopt.rules.yml
promtool test rules rules.test.yml >/dev/null 2>&1 && fail "the tests of the alerts see nothing"
cp "$repo/deploy/prometheus/hopt.rules.yml" .

# What is run: SQLite's study is small and done soon, the other's worker is killed.
write_objective
touch hang.5.1
write_study scraped '{"command": ["./obj", "{x}"]}' \
    '"direction": "maximize", "stop": {"max_trials": 20}, "trial": {"lease_s": 2}'
sed 's/"scraped"/"small"/; s/"max_trials": 20/"max_trials": 4/' study.json >small.json
rm -f hang.0.1
exits 0 "${hopt[@]}" study create study.json
start master "${master[@]}" --poll 100ms --http 0
start w1 "${worker[@]}" --http 0 study.json
start master2 "${master[@]}" --store "sqlite:$work/small.db" --http 0 small.json
wait_until 60 "the second master serves" serves master2
start w2 "${worker[@]}" --store "sqlite:$work/small.db" --http 0 small.json
for name in master w1 w2; do
    wait_until 60 "$name serves" serves $name
done

say "a Prometheus with the shipped configuration"
sed -i -e 's/: 15s/: 1s/' \
    -e "s/\"127.0.0.1:9620\"/\"$(address master)\", \"$(address master2)\"/" \
    -e "s/\"127.0.0.1:9621\"/\"$(address w1)\", \"$(address w2)\"/" prometheus.yml
free_port() {
    "${HOPT_PYTHON:-/usr/bin/python3}" -c \
        'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
answers() {
    check value "$url" 'vector(1)' >/dev/null 2>&1
}
gone_or_answers() {
    ! alive prometheus || answers
}
# Somebody else may take the port meanwhile.
for _ in 1 2 3 4 5; do
    port=$(free_port)
    url=http://127.0.0.1:$port
    start prometheus prometheus --config.file=prometheus.yml --storage.tsdb.path=tsdb \
        --web.listen-address="127.0.0.1:$port" --log.level=warn
    wait_until 60 "Prometheus starts" gone_or_answers
    alive prometheus && break
done
alive prometheus || fail "Prometheus does not start"

# query EXPRESSION: the one value.
query() {
    check value "$url" "$1"
}
# query_is EXPRESSION VALUE
query_is() {
    [ "$(query "$1" 2>/dev/null)" = "$2" ]
}
wait_until 60 "it scrapes all four" query_is 'sum(up{job=~"hopt-.*"})' 4

say "a worker dies in the middle of a trial"
wait_until 60 "a trial hangs" test -s hangs.5.1
wait_until 60 "Prometheus sees it run" query_is 'hopt_trials{study="scraped",state="running"}' 1
get w1 /metrics && cp body.txt w1.metrics
same "expired leases" "0 0" "$(query 'hopt_lease_expired_total{job="hopt-master"}')"
kill_hard w1
wait_until 60 "Prometheus has the expired lease" \
    query_is 'sum(increase(hopt_lease_expired_total[5m]))>bool 0' 1
wait_until 60 "Prometheus misses the worker" query_is 'sum(up{job="hopt-worker"})' 1
start w3 "${worker[@]}" --slots 2 study.json

say "the values are those of the store"
wait_until 60 "the study is done" study_is done
wait_until 60 "Prometheus has all that ended" query_is 'hopt_trials{study="scraped",state="done"}' 20
for state in new running done error cancel; do
    same "trials that are $state" "$(count_trials $state)" \
        "$(query "hopt_trials{study=\"scraped\",state=\"$state\"}")"
done
"${hopt[@]}" study show scraped --json >show.json
check value "$url" 'hopt_best_loss{study="scraped"}' >best
"${HOPT_PYTHON:-/usr/bin/python3}" - <<'END' || fail "best loss: $(cat best show.json)"
import json
shown = json.load(open("show.json"))
assert abs(float(open("best").read()) - shown["best"]["loss"]) < 1e-12 and shown["best"]["loss"] > 0
END
same "proposals" 20 "$(query "hopt_proposals_total{instance=\"$(address master)\"}")"
wait_until 60 "the small one too" query_is 'hopt_trials{study="small",state="done"}' 4

say "dashboard and rules against what is shown"
for name in master w2; do
    get $name /metrics && cp body.txt $name.metrics
    promtool check metrics <$name.metrics >tool.log 2>&1 || fail "check metrics: $(cat tool.log)"
    [ ! -s tool.log ] || fail "check metrics: $(cat tool.log)"
done
check names master.metrics w1.metrics || fail "names"
check rules "$url" || fail "the rules are not evaluated"
check queries "$url" >queries.txt || fail "a query has no answer: $(tail -n 3 queries.txt)"
say "$(wc -l <queries.txt) queries of the dashboard have data"
lacks prometheus.log 'level=(error|warn)'
