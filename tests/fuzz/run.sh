#!/usr/bin/env bash
# run.sh [SECONDS]: builds the fuzz targets with clang and runs each for so long (60), beginning with
# its corpus. What it finds new stays in build-fuzz/new/TARGET; an input that breaks something is
# left in build-fuzz/crash-* and should become part of the corpus.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
seconds=${1:-60}
cmake --preset fuzz >/dev/null
targets=$(ninja -C build-fuzz -t targets all | sed -nE 's/^(fuzz_[a-z_]+): phony$/\1/p' | sort -u)
[ -n "$targets" ]
# shellcheck disable=SC2086 # several words
ninja -C build-fuzz $targets
failed=0
for target in $targets; do
    name=${target#fuzz_}
    mkdir -p "build-fuzz/new/$name"
    echo "== $target, $seconds s"
    "build-fuzz/bin/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
        -artifact_prefix="build-fuzz/crash-$name-" -print_final_stats=1 -verbosity=0 \
        "build-fuzz/new/$name" "tests/fuzz/corpus/$name" || failed=1
done
exit "$failed"
