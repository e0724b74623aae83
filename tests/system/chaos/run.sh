#!/usr/bin/env bash
# `make chaos`: the long run over both kinds of store with the release build; `make test` has short ones.
#   CHAOS_SEED, CHAOS_EVENTS (1000)   of the schedule
#   CHAOS_KINDS ("sqlite mongo")
#   CHAOS_SHORT=1                     only the chaos test itself
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.." || exit 2
jobs=${HOPT_JOBS:-$(nproc)}
kinds=${CHAOS_KINDS:-sqlite mongo}

if [ "${1:-}" != --built ]; then
    cmake --preset release -DHOPT_TESTS=ON >/dev/null && cmake --build --preset release -j "$jobs" || exit 1
    case $kinds in
    *mongo*) exec tests/services/mongo.sh run "$0" --built ;;
    *) exec "$0" --built ;;
    esac
fi

export HOPT_BIN=$PWD/build/bin
CHAOS_SEED=${CHAOS_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
export CHAOS_SEED
failed=0
for kind in $kinds; do
    CHAOS_EVENTS=${CHAOS_EVENTS:-1000} tests/system/chaos.sh "$kind" || failed=1
done
for kind in $([ -n "${CHAOS_SHORT:-}" ] || echo "$kinds"); do
    CHAOS_EVENTS=100 tests/system/clocks.sh "$kind" || [ $? = 77 ] || failed=1
    STORE_AWAY_S=${STORE_AWAY_S:-600} tests/system/store_long_away.sh "$kind" || failed=1
    MALFORMED_COUNT=${MALFORMED_COUNT:-10000} tests/system/malformed.sh "$kind" || failed=1
done
[ "$failed" = 0 ] && echo "chaos: nothing lost" || echo "chaos: FAILED, see above"
exit "$failed"
