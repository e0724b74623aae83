#!/usr/bin/env bash
# A thousand workers against one master with a long history, on MongoDB: WORKERS (1000), TRIAL_S (10),
# HISTORY (30000), SECONDS_SCALE (60).
set -euo pipefail
[ -n "${HOPT_TEST_MONGO_URI:-}" ] || { echo "needs a MongoDB"; exit 0; }
work=$(mktemp -d)
cd "$work"
uri=${HOPT_TEST_MONGO_URI%/}/hopt_bench_scale
workers=${WORKERS:-1000} trial_s=${TRIAL_S:-10} history=${HISTORY:-30000} seconds=${SECONDS_SCALE:-60}
relay=
clean_up() {
    [ -z "$relay" ] || kill "$relay" 2>/dev/null || true
    wait 2>/dev/null || true
    "$HOPT_BIN/hopt" study delete scale --store "$uri" --yes -q >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap clean_up EXIT
{
    echo '{"name": "scale", "objective": {"command": ["true"]}, "stop": {"max_trials": 1000000},'
    echo ' "sampler": {"name": "tpe", "seed": 1}, "space": {'
    for i in $(seq 19); do
        echo "\"x$i\": {\"_type\": \"uniform\", \"_value\": [0, 1]},"
    done
    echo '"kind": {"_type": "choice", "_value": ["a", "b", "c"]}}}'
} >study.json
"$HOPT_BIN/hopt" study delete scale --store "$uri" --yes -q >/dev/null 2>&1 || true
"$HOPT_BIN/hopt" study create study.json --store "$uri" -q
"$HOPT_BIN/bench_scale" fill "$uri" scale "$history"
"$HOPT_BIN/bench_scale" bare "$uri" 16 5

# The master behind a relay that counts its commands; both begin to measure when the workers are warm.
began=$SECONDS
SETTLE_S=$((2 * trial_s + 10)) "$HOPT_BIN/bench_idle" "$uri" $((seconds + 10)) "$HOPT_BIN/hopt-master" >master.txt 2>master.log &
relay=$!
until grep -q leading master.log; do
    sleep 0.2
    [ $((SECONDS - began)) -lt 120 ] || { cat master.log; exit 1; }
done
echo "the master leads, $history trials read, $((SECONDS - began)) s after its start"
"$HOPT_BIN/bench_scale" work "$uri" scale "$workers" "$trial_s" "$seconds" &
load=$!
sleep $((seconds / 2))
master=$(pgrep -P "$relay" hopt-master || true)
[ -z "$master" ] || echo "master: $(awk '/VmHWM/ { printf "%.1f MB at most", $2 / 1024 }' "/proc/$master/status")"
wait "$load"
wait "$relay" || true
relay=
echo "master, a minute: $(cat master.txt)"
