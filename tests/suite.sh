#!/usr/bin/env bash
# The tests: suite.sh check | all | containers | kubernetes. `make check` and `make test` call this.
#
#   check  the unit tests, under AddressSanitizer and UBSan; needs no network and no server
#   all    those, then everything else with a MongoDB (tests/services finds or sets up one), then
#          the programs with threads under ThreadSanitizer
#   containers  docker-compose.yml in a docker engine, with the image that has scikit-learn too
#   kubernetes  deploy/kubernetes on a real API server, then on a node
#
# A stage is one ctest run. System tests wait much of their time, so two run side by side; those that
# load both processors or stop the server run alone (RUN_SERIAL), and so do those of whole clusters and
# machines (label deploy). The last line adds them up: "N passed, N failed". What a sanitizer
# reports in a process whose end no test looks at counts as a failure too.
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2
jobs=${HOPT_JOBS:-$(nproc)}
beside=$((jobs < 2 ? jobs : 2))
passed=0 failed=0 skipped=0
summary=()

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() {
    printf '\n== %s\n' "$*"
}

# count NAME PASSED FAILED SKIPPED SECONDS
count() {
    passed=$((passed + $2)) failed=$((failed + $3)) skipped=$((skipped + $4))
    summary+=("$(printf '%-12s %4d passed  %3d failed  %3d skipped  %4d s' "$@")")
}

# build PRESET [OPTION...]: configure and build; a failure is one failed test and ends the suite.
build() {
    local began=$SECONDS
    say "build: $*"
    if cmake --preset "$@" >"$work/configure.log" 2>&1 && cmake --build --preset "$1" -j "$jobs"; then
        count "build $1" 1 0 0 $((SECONDS - began))
    else
        tail -n 30 "$work/configure.log"
        count "build $1" 0 1 0 $((SECONDS - began))
        finish
    fi
}

# What sanitizers wrote in processes of the stage, except crashes that a test's objective was made
# to have: those are the test's to judge.
reports() {
    local file
    for file in "$work/$1".san.*; do
        [ -s "$file" ] || continue
        grep -qE 'AddressSanitizer: (SEGV|ABRT|BUS|FPE|ILL|stack-overflow)' "$file" && continue
        echo "$file"
    done
}

# stage NAME COMMAND... -- CTEST_ARGUMENT...: one ctest run, started by COMMAND.
stage() {
    local name=$1 began=$SECONDS log=$work/$1.log code total bad skips file
    local command=()
    shift
    while [ "$1" != -- ]; do
        command+=("$1")
        shift
    done
    shift
    say "tests: $name"
    export ASAN_OPTIONS="log_path=$work/$name.san:detect_stack_use_after_return=1"
    export UBSAN_OPTIONS="log_path=$work/$name.san:print_stacktrace=1"
    export TSAN_OPTIONS="log_path=$work/$name.san:suppressions=$PWD/tests/tsan.supp:second_deadlock_stack=1"
    "${command[@]}" ctest --output-on-failure --no-tests=error "$@" 2>&1 | tee "$log"
    code=$?
    # "97% tests passed, 1 tests failed out of 38"; skipped ones count as passed there.
    read -r bad total < <(sed -nE 's/^[0-9]+% tests passed, ([0-9]+) tests? failed out of ([0-9]+).*/\1 \2/p' "$log")
    skips=$(grep -cE '^ *[0-9]+/[0-9]+ Test .*\*\*\*Skipped' "$log")
    if [ -z "${total:-}" ]; then
        bad=1 total=1 # it did not come as far as running tests
    elif [ "$code" != 0 ] && [ "$bad" = 0 ]; then
        bad=1
    fi
    while read -r file; do
        echo "-- a sanitizer reported in stage $name:"
        head -n 60 "$file"
        bad=$((bad + 1)) total=$((total + 1))
    done < <(reports "$name")
    count "$name" $((total - bad - skips)) "$bad" "$skips" $((SECONDS - began))
}

finish() {
    say "summary"
    printf '%s\n' "${summary[@]}"
    printf '%d s in all\n\n' "$SECONDS"
    if [ "$skipped" = 0 ]; then
        echo "$passed passed, $failed failed"
    else
        echo "$passed passed, $failed failed, $skipped skipped"
    fi
    [ "$failed" = 0 ] && [ "$passed" != 0 ]
    exit
}

case ${1:-} in
check)
    build asan -DHOPT_WERROR=ON
    stage unit env -- --test-dir build-asan -L '^unit$' -j "$jobs"
    ;;
all)
    build asan -DHOPT_WERROR=ON
    stage unit env -- --test-dir build-asan -L '^unit$' -j "$jobs"
    stage system tests/services/mongo.sh run -- --test-dir build-asan -LE '^(unit|deploy)$' -j "$beside"
    stage deploy tests/services/mongo.sh run -- --test-dir build-asan -L '^deploy$'
    build tsan
    # Here are only tests without Criterion, which does not start under TSan.
    stage threads tests/services/mongo.sh run -- --test-dir build-tsan -LE '^deploy$' -j "$beside" \
        -E '^unit\.(fuzz_|include_|plugin_header|docs)|^mongo\.docs'
    ;;
containers)
    build asan
    stage containers tests/services/mongo.sh run env HOPT_TEST_CONTAINERS=digits -- \
        --test-dir build-asan -R '^deploy\.containers$'
    ;;
kubernetes)
    build asan
    stage kubernetes tests/services/mongo.sh run -- --test-dir build-asan -C kubernetes -L '^kubernetes$'
    ;;
*)
    echo "usage: suite.sh check | all | containers | kubernetes" >&2
    exit 2
    ;;
esac
finish
