#!/usr/bin/env bash
# A store that can't be used: away for some seconds in the middle of a study it is waited for, and
# nothing is lost; at the start it is exit 3 with the reason.
. "$(dirname "$0")/lib.sh"

cat >obj <<'END'
#!/bin/sh
echo $HOPT_TRIAL >>began
sleep 0.1
echo "$1"
END
chmod +x obj

begin() {
    write_study away '{"command": ["./obj", "{x}"]}' '"stop": {"max_trials": '"$1"'}, "trial": {"lease_s": 30}'
    rm -f began
    exits 0 "${hopt[@]}" study create study.json
    start master "${master[@]}"
    start w1 "${worker[@]}" --slots 2 study.json
    start w2 "${worker[@]}" study.json
    wait_until 15 "some trials are done" at_least 5 done
}

finish() {
    wait_until 40 "the study is done" study_is done
    whole "$1"
    same "evaluations: no trial was done twice" "$1" "$(wc -l <began)"
    alive master && alive w1 && alive w2 || fail "a program has left"
}

# refused PATTERN: every program says why it can't use the store, and ends with 3.
refused() {
    exits 3 "${hopt[@]}" study list
    holds err.txt "$1"
    exits 3 "${hopt[@]}" run study.json
    holds err.txt "$1"
    exits 3 "${master[@]}" study.json
    holds err.txt "$1"
    exits 3 "${worker[@]}" study.json
    holds err.txt "$1"
}

away_sqlite() {
    say "locked by somebody else for some seconds"
    begin 60
    start lock sqlite3 store.db '.timeout 5000' 'BEGIN EXCLUSIVE;' '.shell touch locked; while [ -e locked ]; do sleep 0.05; done' 'COMMIT;'
    wait_until 5 "it is locked" test -e locked
    before=$(wc -l <began)
    sleep 3
    within "trials begun meanwhile" 0 3 $(($(wc -l <began) - before))
    sleep 2
    rm locked
    wait_end lock
    same "exit code of sqlite3" 0 "$code"
    finish 60

    say "of a newer format"
    sqlite3 newer.db 'PRAGMA user_version = 99;'
    HOPT_STORE=sqlite:newer.db refused 'newer'
    say "not a database"
    head -c 20000 /dev/urandom >noise.db
    HOPT_STORE=sqlite:noise.db refused 'noise.db'
    say "in a folder that is not there"
    HOPT_STORE=sqlite:nowhere/store.db refused 'nowhere'
    say "a folder"
    mkdir folder.db
    HOPT_STORE=sqlite:folder.db refused 'folder.db'
    read_only
    full
}

# Root may write everywhere: only a read-only mount keeps it out.
read_only() {
    [ "$(id -u)" = 0 ] || return 0
    say "read-only"
    mkdir ro
    mount -t tmpfs -o size=4m tmpfs ro 2>/dev/null || { say "no mounts here: not tested"; return 0; }
    cp store.db ro/
    mount -o remount,ro ro
    HOPT_STORE=sqlite:ro/store.db exits 3 "${hopt[@]}" run study.json --max-trials 70
    holds err.txt '[Rr]ead-only|readonly'
    HOPT_STORE=sqlite:ro/store.db exits 3 "${worker[@]}" study.json
    umount ro
}

full() {
    [ "$(id -u)" = 0 ] || return 0
    say "full"
    mkdir small
    mount -t tmpfs -o size=1m tmpfs small 2>/dev/null || return 0
    write_study small '{"command": ["echo", "{x}"]}' '"stop": {"max_trials": 3000}'
    HOPT_STORE=sqlite:$work/small/store.db
    start run "${hopt[@]}" run study.json -j 4
    wait_until 30 "the disk is full and it says so" has run.log "disk is full|No space"
    alive run || fail "hopt run has ended"
    done_when_full=$(count_trials done)
    # Room again: it goes on, with everything that was done.
    mount -o remount,size=60m small
    wait_until 30 "it goes on" at_least $((done_when_full + 20)) done
    signal INT run
    wait_end run 15
    same "exit code" 130 "$code"
    same "running trials" 0 "$(count_trials running)"
    HOPT_STORE=$store
}

at_exit() {
    umount "$work/ro" "$work/small" 2>/dev/null
}

away_mongo() {
    say "the server is killed and comes back after 4 seconds"
    begin 60
    "$here/../services/mongo.sh" kill-server
    code=$?
    [ "$code" != 77 ] || skip "the MongoDB is not ours to stop"
    same "kill-server" 0 "$code"
    sleep 4
    wait_until 4 "the master has seen it" has master.log "store can't be used"
    alive master && alive w1 && alive w2 || fail "a program has left"
    "$here/../services/mongo.sh" restart-server || fail "restart-server"
    finish 60
    holds master.log "store can't be used"
    holds master.log 'store works again'

    say "nobody there"
    HOPT_STORE=mongodb://127.0.0.1:9/nobody refused '127.0.0.1:9|refused'
    say "a password is not shown"
    HOPT_STORE=mongodb://someone:secret@127.0.0.1:9/nobody exits 3 "${hopt[@]}" study list
    lacks err.txt secret
}

away_$kind
