# shellcheck shell=bash
# Sourced after lib.sh: HTTP without a client program.

# address NAME: where a program that was started with --http listens, as its log says.
address() {
    sed -nE 's/.*http started.*address[":=]+([^"]*).*/\1/p' "$work/$1.log" 2>/dev/null | tail -n 1
}

serves() {
    [ -n "$(address "$1")" ]
}

# get NAME PATH [HOST [METHOD]]: the status goes to $status, the body to body.txt, all of it to
# answer.txt. False when there was no answer at all.
get() {
    local at port
    at=$(address "$1")
    port=${at##*:}
    status=
    { exec 9<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null || return 1
    printf '%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' \
        "${4:-GET}" "$2" "${3:-$at}" >&9
    timeout 60 cat <&9 >"$work/answer.txt"
    exec 9>&-
    read -r _ status _ <"$work/answer.txt"
    sed '1,/^\r$/d' "$work/answer.txt" >"$work/body.txt"
    [ -n "$status" ]
}

# gets STATUS NAME PATH [HOST [METHOD]]
gets() {
    local wanted=$1
    shift
    get "$@" && [ "$status" = "$wanted" ]
}

# must_get STATUS NAME PATH [HOST [METHOD]]
must_get() {
    gets "$@" || fail "$2 $3: ${status:-no answer} instead of $1: $(cat body.txt)"
}

# metric NAME SERIES: its value in /metrics; SERIES as it is written there.
metric() {
    get "$1" /metrics && [ "$status" = 200 ] || return 1
    awk -v series="$2" 'index($0, series " ") == 1 { print substr($0, length(series) + 2) }' body.txt
}

metric_is() {
    [ "$(metric "$1" "$2")" = "$3" ]
}

# metric_above NAME SERIES N
metric_above() {
    local value
    value=$(metric "$1" "$2")
    [ -n "$value" ] && awk -v a="$value" -v b="$3" 'BEGIN { exit !(a > b) }'
}
