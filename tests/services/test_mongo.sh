#!/usr/bin/env bash
# shellcheck disable=SC2016 # what stands in single quotes is for eval
# Tests mongo.sh itself. Takes a cache folder to reuse; without one, everything is set up from
# nothing in a temporary one and removed. Prints TAP; exits with 1 when a check failed.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mongo=$here/mongo.sh
unset HOPT_TEST_MONGO_URI HOPT_TEST_MONGO
count=0
failures=0

scratch=$(mktemp -d)
export HOPT_CACHE=${1:-$scratch/cache}
cleanup() {
    if [ "$HOPT_CACHE" = "$scratch/cache" ]; then
        "$mongo" clean 2>/dev/null
    else
        "$mongo" stop 2>/dev/null
    fi
    rm -rf --one-file-system "$scratch"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# check TEXT CMD...
check() {
    local text=$1
    shift
    count=$((count + 1))
    if "$@" >"$scratch/out" 2>"$scratch/err"; then
        echo "ok $count - $text"
    else
        failures=$((failures + 1))
        echo "not ok $count - $text"
        sed 's/^/# /' "$scratch/out" "$scratch/err"
    fi
}

# exits CODE CMD...: whether CMD exits with just that code.
exits() {
    local want=$1 code=0
    shift
    "$@" || code=$?
    [ "$code" = "$want" ] || { echo "exit code $code, not $want"; return 1; }
}

is_ready() { exits 0 "$mongo" status; }
is_down() { exits 3 "$mongo" status; }

uri_of_start() {
    local uri
    uri=$("$mongo" start) || return 1
    [[ $uri =~ ^mongodb://127\.0\.0\.1:[0-9]+/$ ]] || { echo "printed '$uri'"; return 1; }
    [ -z "${1:-}" ] || [ "$uri" = "$1" ] || { echo "$uri is not $1"; return 1; }
}

# A start is killed with -9 after $1 seconds; what it left must not harm the next one.
killed_start() {
    "$mongo" start &
    sleep "$1"
    kill -9 $!
    wait $! 2>/dev/null
    true
}

two_starts_agree() {
    "$mongo" start >"$scratch/a" &
    "$mongo" start >"$scratch/b" || return 1
    wait $! || return 1
    [ -s "$scratch/a" ] && cmp "$scratch/a" "$scratch/b"
}

skip_is_said() {
    [ -z "$(HOPT_TEST_MONGO=skip exits 77 "$mongo" start 2>"$scratch/skip")" ] &&
        grep SKIP "$scratch/skip"
}

# A run that gets SIGTERM passes it on, exits as its command does and stops the server.
signalled_run() {
    local run
    "$mongo" run bash -c 'trap "exit 7" TERM; echo up >"$0"; while :; do sleep 0.1; done' \
        "$scratch/up" &
    run=$!
    until [ -s "$scratch/up" ]; do sleep 0.1; done
    kill -TERM $run
    exits 7 wait $run && is_down
}

# The server is there until the last of two runs ends.
overlapping_runs() {
    local first
    "$mongo" run sleep 6 &
    first=$!
    until "$mongo" status; do sleep 0.1; done
    "$mongo" run true && is_ready && wait $first && is_down
}

# mirror_is WANT RELEASE: what debian_mirror finds in the apt sources in $scratch/apt.
mirror_is() (
    want=$1 release=$2 services=$HOPT_CACHE/services
    unset HOPT_DEBIAN_MIRROR
    # shellcheck source=debian.sh
    . "$here/debian.sh"
    # shellcheck disable=SC2034 # for debian.sh
    apt_dir=$scratch/apt
    host_codename() { echo "$release"; }
    got=$(debian_mirror || echo none)
    [ "$got" = "$want" ] || { echo "got '$got', not '$want'"; return 1; }
)

old_style_sources() {
    mkdir -p "$scratch/apt/sources.list.d"
    cat >"$scratch/apt/sources.list" <<'END'
# deb http://comment.invalid/debian bookworm main
deb cdrom:[Debian 12]/ bookworm main
deb-src http://source.invalid/debian bookworm main
deb http://security.invalid/debian-security bookworm-security main
deb http://other.invalid/apt bookworm stable
deb [arch=amd64 signed-by=/k.gpg] http://mirror.invalid/debian bookworm contrib main # ours
END
    printf 'deb http://late.invalid/debian bookworm main' >"$scratch/apt/sources.list.d/x.list"
}

new_style_sources() {
    rm -rf "$scratch/apt"
    mkdir -p "$scratch/apt/sources.list.d"
    cat >"$scratch/apt/sources.list.d/a.sources" <<'END'
Types: deb
URIs: http://off.invalid/debian
Suites: trixie
Components: main
Enabled: no

Types: deb-src
URIs: http://source.invalid/debian
Suites: trixie
Components: main

# a comment
Types: deb
URIs: http://security.invalid/debian-security
Suites: trixie-security
Components: main
END
    cat >"$scratch/apt/sources.list.d/b.sources" <<'END'
Types: deb deb-src
# a comment
URIs:
 https://mirror.invalid/debian/
 https://second.invalid/debian/
Suites: trixie trixie-updates
Components: main contrib
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDMEY865UxYJKwYBBAHaRw8BAQdAd7Z0srwuhlB6JKFkcf4HU4SSS/xcRfwEQWzr
END
}

old_style_sources
check "mirror of one-line sources" mirror_is http://mirror.invalid/debian bookworm
check "no mirror of another release" mirror_is none trixie
new_style_sources
check "mirror of deb822 sources" mirror_is https://mirror.invalid/debian/ trixie
# As a machine that loses power, seen from the files: nothing had time to tidy up.
all_killed() {
    local run=$HOPT_CACHE/services/run pid
    pid=$(cut -d ' ' -f 1 "$run/server.pid")
    kill -9 "$pid" || return 1
    for pid in "$HOPT_CACHE"/services/debian-*/pg/data/postmaster.pid; do
        [ ! -e "$pid" ] || kill -9 "$(head -n 1 "$pid")"
    done
}

secure_pids() {
    local file
    for file in "$HOPT_CACHE"/services/run/secure-*.pid; do
        [ ! -e "$file" ] || cut -d ' ' -f 1 "$file"
    done
}

secure_is_up() {
    local ports key=$scratch/$1.key crt=$scratch/$1.crt
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
        -subj /CN=localhost -keyout "$key" -out "$crt" 2>/dev/null &&
        ports=$("$mongo" secure "$1" "$crt" "$key") && rm "$key" &&
        openssl s_client -connect "127.0.0.1:${ports#* }" -CAfile "$crt" -verify_return_error \
            </dev/null >/dev/null 2>&1
}

if [ $# -eq 0 ]; then
    check "a start is killed" killed_start 10
    check "another start is killed later" killed_start 40
fi
check "start prints a URI and nothing else" uri_of_start
check "status says ready" is_ready
uri=$("$mongo" start 2>/dev/null)
check "a second start gives the same server" uri_of_start "$uri"
check "killed server: status says so" eval '"$mongo" kill-server && is_down'
check "restarted server: same URI" eval '"$mongo" restart-server && uri_of_start "$uri"'
check "killed database: status says so" eval '"$mongo" kill-database && is_down'
check "restarted database: same URI" eval '"$mongo" restart-database && uri_of_start "$uri"'
check "database and server killed, both restarted" eval '"$mongo" kill-database &&
    "$mongo" kill-server && "$mongo" restart-database && "$mongo" restart-server && is_ready'
check "start after a kill" eval '"$mongo" kill-server; uri_of_start'
check "all processes killed" all_killed
check "start after that" uri_of_start
check "run uses the running server" eval '"$mongo" run sh -c "test -n \"\$HOPT_TEST_MONGO_URI\""'
check "and leaves it" is_ready
check "a gateway with login and TLS" eval 'secure_is_up one && secure_is_up two'
check "one is stopped" eval '"$mongo" secure-stop one && secure_pids | grep -c . | grep -qx 1'
pids=$(secure_pids)
check "stop" eval '"$mongo" stop && is_down'
check "and the other gateway with it" eval '[ -z "$(ps -o stat= -p $pids | grep -v ^Z)" ]'
check "stop again" "$mongo" stop
check "kill-server of nothing fails" exits 1 "$mongo" kill-server
check "two starts at once" two_starts_agree
check "stop after it" eval '"$mongo" stop && is_down'
check "run exits as its command" exits 5 "$mongo" run sh -c 'exit 5'
check "and has stopped the server" is_down
check "run passes a signal on and stops" signalled_run
check "two runs share a server" overlapping_runs
check "start killed while it starts" killed_start 0.2
check "start after that" uri_of_start
check "skip is said, exit 77" skip_is_said
check "a server of somebody else is used" eval \
    '[ "$(HOPT_TEST_MONGO_URI=mongodb://h/ "$mongo" start)" = mongodb://h/ ]'
check "and never killed" exits 77 env HOPT_TEST_MONGO_URI=mongodb://h/ "$mongo" kill-server
check "ours is there still" is_ready

echo "1..$count"
[ "$failures" = 0 ]
