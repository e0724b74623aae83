#!/usr/bin/env bash
# CPU time and store commands per minute of a worker with nothing to do, and of a master with nothing
# to do: a study whose queue stays empty. SECONDS_IDLE (30) each.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
seconds=${SECONDS_IDLE:-30}
cat >study.json <<'END'
{"name": "idle", "space": {"x": {"_type": "uniform", "_value": [0, 1]}},
 "objective": {"command": ["true"]}, "stop": {"max_trials": 10}}
END

row() { # row NAME URI COMMAND...
    local name=$1 uri=$2
    shift 2
    printf '%-32s ' "$name"
    "$HOPT_BIN/bench_idle" "$uri" "$seconds" "$@" 2>/dev/null
}

measure() { # measure KIND URI
    "$HOPT_BIN/hopt" study create study.json --store "$2" -q
    row "$1, worker, active study" "$2" "$HOPT_BIN/hopt-worker" --allow-root study.json
    "$HOPT_BIN/hopt" study pause idle --store "$2" -q
    row "$1, worker, paused study" "$2" "$HOPT_BIN/hopt-worker" --allow-root study.json
    row "$1, master, paused study" "$2" "$HOPT_BIN/hopt-master"
}

measure SQLite "sqlite:$work/idle.db"
if [ -n "${HOPT_TEST_MONGO_URI:-}" ]; then
    uri=${HOPT_TEST_MONGO_URI%/}/hopt_bench_idle
    # The study is made anew: what an earlier, killed run left is of no use.
    "$HOPT_BIN/hopt" study delete idle --store "$uri" --yes -q >/dev/null 2>&1 || true
    measure MongoDB "$uri"
    "$HOPT_BIN/hopt" study delete idle --store "$uri" --yes -q >/dev/null
fi
echo "Of SQLite's looks nearly all are PRAGMA data_version, one page of shared memory: has anything changed?"
