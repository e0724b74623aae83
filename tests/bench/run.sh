#!/usr/bin/env bash
# The measurements, one after the other, on a release build: run.sh [NAME...]. NAME is a folder here.
# A folder's run.sh takes part by itself; it finds the programs in $HOPT_BIN and, when one could be
# set up, a MongoDB in $HOPT_TEST_MONGO_URI.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export HOPT_BIN=$PWD/build-bench/bin PYTHON=${HOPT_PYTHON:-/usr/bin/python3}

if [ "${1:-}" = --measure ]; then
    shift
else
    cmake -B build-bench -G Ninja -DCMAKE_BUILD_TYPE=Release >/dev/null
    cmake --build build-bench -j "${HOPT_JOBS:-$(nproc)}"
    exec tests/services/mongo.sh run "$0" --measure "$@"
fi

# Benches in C are built on demand: every target bench_*.
targets=$(ninja -C build-bench -t targets all | sed -nE 's/^(bench_[a-z_]+): phony$/\1/p' | sort -u)
if [ -n "$targets" ]; then
    # shellcheck disable=SC2086 # several words
    ninja -C build-bench $targets >/dev/null
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

measure_store() {
    "$HOPT_BIN/bench_store" "sqlite:$scratch/bench.hopt.db"
    [ -z "${HOPT_TEST_MONGO_URI:-}" ] || "$HOPT_BIN/bench_store" "${HOPT_TEST_MONGO_URI%/}/hopt_bench"
}

echo "$(nproc) cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), commit" \
    "$(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
if [ $# -eq 0 ]; then
    for folder in tests/bench/*/; do
        set -- "$@" "$(basename "$folder")"
    done
fi
for name in "$@"; do
    printf '\n== %s\n' "$name"
    if [ -x "tests/bench/$name/run.sh" ]; then
        "tests/bench/$name/run.sh"
    elif declare -F "measure_$name" >/dev/null; then
        "measure_$name"
    else
        echo "tests/bench/$name has no run.sh"
    fi
done
