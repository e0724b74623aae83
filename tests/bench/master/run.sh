#!/usr/bin/env bash
# Proposals per second of the master, its memory and its start-up with up to 100,000 trials, on SQLite
# and, when there is one, on MongoDB.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "SQLite"
"$HOPT_BIN/bench_master" "sqlite:$work/bench.db"
if [ -n "${HOPT_TEST_MONGO_URI:-}" ]; then
    echo "MongoDB"
    "$HOPT_BIN/bench_master" "${HOPT_TEST_MONGO_URI%/}/hopt_bench_master" 1000 10000
fi
