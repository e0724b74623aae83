#!/usr/bin/env bash
# Programs, runners and objectives are killed and stopped at random, the store goes away, the network
# drops, delays and cuts messages; then nothing must be lost. See chaos/chaos.py.
. "$(dirname "$0")/lib.sh"

[ "$kind" != sqlite ] || [ "$(id -u)" != 0 ] || {
    mkdir disk
    if mount -t tmpfs -o size=200m tmpfs disk 2>/dev/null; then
        export CHAOS_DISK=$work/disk
        store=sqlite:$work/disk/store.db
        export HOPT_STORE=$store
    else
        say "no mounts here: the disk is not filled"
    fi
}

at_exit() {
    [ -z "${CHAOS_DISK:-}" ] || umount "$work/disk"
}

export HOPT_TEST_LOG_LINES=${HOPT_TEST_LOG_LINES:-3}
export CHAOS_FOLDER=$work HOPT_BIN=$bin
"${HOPT_PYTHON:-/usr/bin/python3}" "$here/chaos/chaos.py" "$kind" || {
    tail -n 400 "$work/events.log" | grep -v ' plan '
    fail "see the faults above; CHAOS_SEED and CHAOS_EVENTS give the same schedule again"
}
