#!/usr/bin/env bash
# The chaos test with the processes' wall clocks an hour apart, both ways: leases do not depend on them.
for library in /usr/lib/*/faketime/libfaketimeMT.so.1; do
    [ -e "$library" ] && export CHAOS_FAKETIME=$library
done
[ -n "${CHAOS_FAKETIME:-}" ] || {
    echo "SKIP: the package faketime is not installed"
    exit 77
}
export CHAOS_CLOCKS=1 CHAOS_EVENTS=${CHAOS_EVENTS:-30}
# The preloaded library comes before AddressSanitizer's: that is meant.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0
exec "$(dirname "$0")/chaos.sh" "$@"
