# shellcheck shell=bash
# Sourced by mongo.sh: where things are, logging, the lock, steps, ports and processes.

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
services=${HOPT_CACHE:-$repo/.cache}/services
run_dir=$services/run # exists while a server of ours is started
log_dir=$services/log

log() {
    echo "[services] $*" >&2
}

die() {
    log "error: $*"
    exit 1
}

skip_wanted() {
    [ "${HOPT_TEST_MONGO:-}" = skip ] || return 1
    log "SKIP: HOPT_TEST_MONGO=skip, tests that need MongoDB do not run"
}

# One caller at a time sets up, starts or stops. The lock is descriptor 9: set-up children inherit
# it, so that after a kill -9 the next caller waits for their end; servers must not (`spawn`).
lock() {
    command -v flock >/dev/null || die "flock is missing (util-linux)"
    mkdir -p "$log_dir" || die "cannot write to $services"
    services=$(cd "$services" && pwd -P)
    [ -f "$services/CACHEDIR.TAG" ] || {
        echo "Signature: 8a477f597d28d172789f06886806bc55"
        echo "# Made by tests/services/mongo.sh, which removes it by: mongo.sh clean"
    } >"$services/CACHEDIR.TAG"
    exec 9>"$services/lock"
    if ! flock -w 2 9; then
        log "waiting for another mongo.sh on $services"
        flock -w 1200 9 || die "the lock $services/lock was held for 20 minutes"
    fi
}

unlock() {
    exec 9>&-
}

# step TEXT CMD...: runs CMD with its output in a log, says what it does and how long it took.
step() {
    local text=$1 began=$SECONDS log_file=$log_dir/setup.log
    shift
    log "$text ..."
    echo "== $(date -u '+%F %T') $text" >>"$log_file"
    if ! "$@" >>"$log_file" 2>&1 </dev/null; then
        tail -n 15 "$log_file" | sed 's/^/    /' >&2
        die "failed after $((SECONDS - began)) s: $text (all of it: $log_file)"
    fi
    log "$text: $((SECONDS - began)) s"
}

# need_space MEGABYTES
need_space() {
    local free
    free=$(df -Pm "$services" | awk 'NR == 2 { print $4 }')
    [ "$free" -ge "$1" ] || die "$services needs $1 MB, only $free MB are free"
}

# Prints a loopback port nobody listens on, below the range of outgoing connections (32768 up), so
# that it is free still when a killed server is to come back to it.
free_port() {
    local port tries
    for ((tries = 0; tries < 100; tries++)); do
        port=$((20000 + RANDOM % 12000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
    done
    die "no free port"
}

# Prints state and start time (fields 3 and 22) of process $1.
process_stat() {
    local stat
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    stat=${stat##*) } # the name in parentheses may hold blanks
    # shellcheck disable=SC2086
    set -- $stat
    echo "$1 ${20}"
}

# process_alive PIDFILE: whether the process that spawn noted runs still. The start time tells it
# from a later process with the same number.
process_alive() {
    local pid began now
    { read -r pid began <"$1"; } 2>/dev/null || return 1
    now=$(process_stat "$pid") || return 1
    case $now in
    Z* | X*) return 1 ;; # a zombie, where nobody reaps
    *) [ "${now#* }" = "$began" ] ;;
    esac
}

# spawn PIDFILE LOG CMD...: starts a server in a session of its own. The child itself notes its
# process id before it becomes the server, so that a kill between the two loses nothing.
spawn() {
    local pid_file=$1 log_file=$2 tries
    shift 2
    rm -f "$pid_file"
    # shellcheck disable=SC2016
    setsid bash -c 'read -r stat <"/proc/$$/stat"; set -- "$$" "${stat##*) }" "$@"
        a=($2); echo "$1 ${a[19]}" >"$0.new"; mv "$0.new" "$0"; shift 2; exec "$@"' \
        "$pid_file" "$@" >>"$log_file" 2>&1 </dev/null 8>&- 9>&- &
    for ((tries = 0; tries < 1200; tries++)); do
        [ ! -s "$pid_file" ] || return 0
        sleep 0.05
    done
    return 1
}

# wait_gone PIDFILE SECONDS
wait_gone() {
    local tries
    for ((tries = $2 * 20; tries > 0; tries--)); do
        process_alive "$1" || return 0
        sleep 0.05
    done
    return 1
}

# end_process PIDFILE [SIGNAL]: TERM and after 10 s KILL; with a signal: only that one. Nothing
# happens to a process that is not the one noted.
end_process() {
    local pid signal=${2:-TERM}
    process_alive "$1" || return 0
    pid=$(cut -d ' ' -f 1 "$1")
    kill "-$signal" "$pid" 2>/dev/null || true
    wait_gone "$1" 10 && return 0
    [ "$signal" = TERM ] && kill -KILL "$pid" 2>/dev/null
    wait_gone "$1" 60
}
