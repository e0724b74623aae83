#!/usr/bin/env bash
# A MongoDB for the tests: finds one, or sets up a stand-in, and starts and stops it.
# Usage and the order of search: README.md beside this file, or `mongo.sh help`.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"
# shellcheck source=probe.sh
. "$here/probe.sh"
# shellcheck source=debian.sh
. "$here/debian.sh"
# shellcheck source=ferretdb.sh
. "$here/ferretdb.sh"
# shellcheck source=mongod.sh
. "$here/mongod.sh"

usage() {
    cat >&2 <<'END'
usage: mongo.sh COMMAND
  start             set up what is missing, start, wait until ready, print the URI
  stop              stop what this script started; nothing else
  status            say what runs; exit 0 when it answers, 3 when not
  run CMD [ARG...]  start if needed, run CMD with HOPT_TEST_MONGO_URI set, stop if started here
  kill-server       kill -9 of the server (the FerretDB gateway or mongod)
  restart-server    start it again on the same port and wait until ready
  kill-database     immediate stop of PostgreSQL under FerretDB (mongod: as kill-server)
  restart-database  start it again and wait until ready
  secure NAME CRT KEY [CA]  start a second gateway with authentication, on a plain and a TLS port,
                    beside the server; print "PLAIN_PORT TLS_PORT". CA: clients need a certificate
  secure-user USER PASSWORD  make a user for it
  secure-stop NAME  stop it (`stop` does too)
  clean             stop, then remove everything this script has cached
Environment: HOPT_TEST_MONGO_URI, HOPT_TEST_MONGO=skip, HOPT_CACHE, HOPT_DEBIAN_MIRROR
END
}

# Prints which server the tests shall use: external, mongod or ferretdb.
choose_kind() {
    if [ -n "${HOPT_TEST_MONGO_URI:-}" ]; then
        echo external
    elif command -v mongod >/dev/null; then
        echo mongod
    else
        echo ferretdb
    fi
}

# Prints the kind that was started and not stopped; fails when there is none.
started_kind() {
    [ -s "$run_dir/kind" ] && cat "$run_dir/kind"
}

server_uri() {
    echo "mongodb://127.0.0.1:$(cat "$run_dir/port")/"
}

server_ready() {
    [ -s "$run_dir/port" ] && process_alive "$run_dir/server.pid" && probe "$(cat "$run_dir/port")"
}

# Stops all that was started under this cache folder. Needs the lock.
stop_locked() {
    local kind
    kind=$(started_kind) || return 0
    "${kind}_stop" || die "could not stop $kind"
    rm -rf "$run_dir"
}

# $1: who starts, "start" or "run"; a server begun by `run` ends with its last user.
start_locked() {
    local kind
    if server_ready; then
        log "already running: $(cat "$run_dir/kind") at $(server_uri)"
        # A person who asks for a server wants to keep it, whoever began it.
        [ "$1" = run ] || echo "$1" >"$run_dir/started-by"
        return 0
    fi
    stop_locked # the rest of a start that was killed, or a server that died
    kind=$(choose_kind)
    log "server: $("${kind}_describe")"
    "${kind}_setup"
    mkdir -p "$run_dir"
    echo "$kind" >"$run_dir/kind"
    echo "$1" >"$run_dir/started-by"
    "${kind}_start" || { stop_locked; die "$kind did not start; its logs are in $log_dir"; }
}

cmd_start() {
    if skip_wanted; then
        exit 77
    elif [ "$(choose_kind)" = external ]; then
        log "server: HOPT_TEST_MONGO_URI is set, using it as it is"
        echo "$HOPT_TEST_MONGO_URI"
    else
        lock
        start_locked start
        server_uri
        unlock
    fi
}

cmd_stop() {
    [ -d "$services" ] || return 0
    lock
    if started_kind >/dev/null; then
        stop_locked
        log "stopped"
    else
        log "nothing of ours is running"
    fi
    unlock
}

cmd_status() {
    if [ -n "${HOPT_TEST_MONGO_URI:-}" ]; then
        log "HOPT_TEST_MONGO_URI is set: the tests use that server"
    fi
    if ! started_kind >/dev/null; then
        log "nothing of ours is running (cache: $services)"
        exit 3
    fi
    "$(started_kind)_status"
    server_ready || { log "does not answer"; exit 3; }
    log "ready at $(server_uri), logs in $log_dir"
}

# $1: what to do to the server, as kill_server or restart_database.
cmd_control() {
    local kind
    if skip_wanted; then
        exit 77
    elif [ -n "${HOPT_TEST_MONGO_URI:-}" ] && ! { started_kind >/dev/null &&
        [ "$(server_uri)" = "$HOPT_TEST_MONGO_URI" ]; }; then
        log "SKIP $1: the server of HOPT_TEST_MONGO_URI is not ours to stop"
        exit 77
    fi
    lock
    kind=$(started_kind) || die "no server of ours is running: mongo.sh start"
    "${kind}_$1" || die "$1 failed; logs in $log_dir"
    unlock
}

# $1: secure, secure_user or secure_stop. Only the stand-in can do it.
cmd_secure() {
    local kind
    if skip_wanted; then
        exit 77
    elif ! kind=$(started_kind) || { [ -n "${HOPT_TEST_MONGO_URI:-}" ] &&
        [ "$(server_uri)" != "$HOPT_TEST_MONGO_URI" ]; }; then
        log "SKIP $1: the server is not ours"
        exit 77
    elif ! declare -F "${kind}_$1" >/dev/null; then
        log "SKIP $1: only FerretDB is set up with authentication and TLS here"
        exit 77
    fi
    lock
    "${kind}_$1" "${@:2}" || die "$1 failed; logs in $log_dir"
    unlock
}

cmd_clean() {
    [ -e "$services" ] || return 0
    [ -f "$services/CACHEDIR.TAG" ] || die "$services was not made by this script"
    lock
    stop_locked
    # Mounts exist here only where a killed set-up could not make them private.
    unmount_below "$services"
    rm -rf --one-file-system "$services"
    unlock
    log "removed $services"
}

# Ends a `run`: the server stops when a `run` began it and no other `run` uses it still.
release_server() {
    exec 8>&-
    lock
    exec 8>"$services/users.lock"
    if [ "$(cat "$run_dir/started-by" 2>/dev/null)" = run ] && flock -n -x 8; then
        stop_locked
    fi
    exec 8>&-
    unlock
}

cmd_run() {
    local child code=0
    [ $# -gt 0 ] || { usage; exit 2; }
    if skip_wanted; then
        unset HOPT_TEST_MONGO_URI # the tests print their own skips
        exec "$@"
    elif [ "$(choose_kind)" = external ]; then
        exec "$@"
    fi
    lock
    exec 8>"$services/users.lock"
    flock -s 8
    trap release_server EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    start_locked run
    HOPT_TEST_MONGO_URI=$(server_uri)
    export HOPT_TEST_MONGO_URI
    unlock
    # In the background, so that a signal to us is acted on at once. A shell makes such children
    # ignore SIGINT, which the inner trap takes back.
    (trap - INT QUIT HUP TERM EXIT; exec "$@" 8>&-) <&0 &
    child=$!
    trap 'kill -HUP $child 2>/dev/null' HUP
    trap 'kill -TERM $child 2>/dev/null' TERM
    trap '[ -t 0 ] || kill -INT $child 2>/dev/null' INT # a terminal has told the child already
    wait "$child" || code=$?
    while kill -0 "$child" 2>/dev/null; do # a signal cut the wait short
        code=0
        wait "$child" || code=$?
    done
    trap '' HUP INT TERM # the stop below is quick and must be whole
    exit "$code"
}

command=${1:-help}
[ $# -eq 0 ] || shift
case $command in
start | stop | status | clean) "cmd_$command" ;;
run) cmd_run "$@" ;;
secure | secure-user | secure-stop) cmd_secure "${command//-/_}" "$@" ;;
kill-server | restart-server | kill-database | restart-database) cmd_control "${command//-/_}" ;;
help | -h | --help) usage ;;
*) usage; exit 2 ;;
esac
