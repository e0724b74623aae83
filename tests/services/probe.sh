# shellcheck shell=bash
# Sourced by mongo.sh: asks a server on a loopback port whether it works, by the wire protocol and
# with nothing but bash and coreutils.

# listDatabases and not hello: FerretDB answers hello by itself, this goes to its database.
# An OP_MSG (opcode 2013) of 71 bytes with one section of kind 0, holding the 50 bytes of
# {listDatabases: 1, nameOnly: true, $db: "admin"}.
probe_message='\x47\0\0\0\x01\0\0\0\0\0\0\0\xdd\x07\0\0\0\0\0\0\0'
probe_message+='\x32\0\0\0\x10listDatabases\0\x01\0\0\0\x08nameOnly\0\x01'
probe_message+='\x02$db\0\x06\0\0\0admin\0\0'

# probe PORT [any]: succeeds when the reply says ok: 1; or when there is one at all.
probe() (
    { exec 3<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || exit 1
    # shellcheck disable=SC2059
    printf "$probe_message" >&3 || exit 1
    header=$(timeout 5 head -c 4 <&3 | od -An -tu4)
    length=${header//[^0-9]/}
    [ "${length:-0}" -gt 16 ] && [ "$length" -lt 1000000 ] || exit 1
    [ "${2:-}" != any ] || exit 0
    reply=$(timeout 5 head -c $((length - 4)) <&3 | od -An -v -tx1 | tr -d ' \n')
    # BSON: double (01), "ok\0", 1.0
    [[ $reply == *016f6b00000000000000f03f* ]]
)

# wait_ready PORT PIDFILE SECONDS: until three probes in a row succeed; fails at once when the
# process ends. One is not enough: pooled connections to a restarted database fail once each.
wait_ready() {
    local good=0 deadline=$((SECONDS + $3))
    while [ "$good" -lt 3 ]; do
        if probe "$1"; then
            good=$((good + 1))
            continue
        fi
        good=0
        process_alive "$2" || return 1
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.1
    done
}

# wait_answers PORT PIDFILE SECONDS [open]: until anything at all is answered, which a server that
# wants a login does too; with `open`: until the port can be connected to.
wait_answers() {
    local deadline=$((SECONDS + $3))
    until if [ "${4:-}" = open ]; then is_open "$1"; else probe "$1" any; fi; do
        process_alive "$2" || return 1
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.1
    done
}

is_open() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}
