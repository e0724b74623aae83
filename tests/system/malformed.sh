#!/usr/bin/env bash
# Documents of wrong types, with missing fields and foreign states are put into the store by hand, up to
# 10,000 (MALFORMED_COUNT), among them trials of a study: no program crashes or hangs, and a sound study
# beside them comes to its end.
. "$(dirname "$0")/lib.sh"
HOPT_TEST_LOG_LINES=${HOPT_TEST_LOG_LINES:-8}
[ "$kind" = sqlite ] && count=10000 || count=1000 # each goes over the wire by itself
count=${MALFORMED_COUNT:-$count} seed=${MALFORMED_SEED:-1}

# any COMMAND...: it may fail, but with an exit code of its own, and it ends.
any() {
    local got
    timeout -k 5 "${limit:-120}" "$@" >"$work/out.txt" 2>"$work/err.txt" </dev/null
    got=$?
    if [ "$got" -gt 7 ] || grep -qE 'Sanitizer|runtime error:' "$work/err.txt"; then
        grep -m1 -A12 -E 'Sanitizer|runtime error:' "$work/err.txt"
        fail "exit $got: $* : $(tail -n 3 "$work/err.txt")"
    fi
    say "exit $got: ${*##*/}"
}

# With reports, attachments, a log and an error, so that each collection has its models.
cat >obj <<'END'
#!/bin/sh
echo '{"report":{"step":1,"loss":2}}'
echo "$HOPT_TRIAL" >"$HOPT_WORKDIR/keep"
echo '{"attach":{"name":"keep","file":"keep"}}'
[ "$HOPT_TRIAL" != 3 ] && echo "$1"
END
chmod +x obj
write_study victim '{"command": ["./obj", "{x}"]}' '"stop": {"max_trials": 12}'
mv study.json victim.json
exits 0 "${hopt[@]}" check victim.json
exits 0 "${hopt[@]}" study create victim.json
start master "${master[@]}" --poll 200ms
start w1 "${worker[@]}" --max-failures 0 victim.json
wait_until 60 "the victim is done" study_is done
kill_hard w1 # its record stays
exits 0 "${hopt[@]}" study set victim stop.max_trials=400
wait_until 20 "trials are queued" at_least 1 new
kill_hard master

say "putting $count malformed documents in, seed $seed"
HOPT_BIN=$bin "${HOPT_PYTHON:-/usr/bin/python3}" "$here/chaos/malformed.py" "$kind" "$store" "$count" \
    "$seed" victim || fail "malformed.py"

say "a sound study beside them"
write_study sound '{"command": ["echo", "{x}"]}' '"stop": {"max_trials": 30}, "trial": {"lease_s": 5}'
exits 0 "${hopt[@]}" study create study.json
start master "${master[@]}" --poll 500ms
start both "${worker[@]}" --max-failures 0 study.json victim.json
start any "${worker[@]}" --max-failures 0 --allow-any-command
start w2 "${worker[@]}" study.json
wait_until 180 "the sound study is done" study_is done
whole 30

say "every command on the damaged study"
h=$bin/hopt
any "$h" study list
any "$h" study list --json
any "$h" study show victim
any "$h" study show victim --json
any "$h" trials list victim --limit 0 --after -1
any "$h" trials list victim --json --limit 0 --after -1
for num in 0 3 12 100 1000 1001; do any "$h" trials show victim $num; done
any "$h" best victim
any "$h" export victim --format csv
any "$h" export victim --format jsonl
cp out.txt history.jsonl
any "$h" suggest victim.json --history history.jsonl
any "$h" workers
any "$h" doctor
any "$h" doctor --json
any "$h" study pause victim
any "$h" study resume victim
any "$h" trials retry victim --all
any "$h" study set victim stop.max_trials=500
any "$h" ask victim
any "$h" tell victim 0 1
any "$h" copy "$store" sqlite:copy.db --study victim
any "$h" study show sound
any "$h" study stop victim
sleep 2
any "$h" study delete victim --yes
for one in master both any w2; do
    alive $one || { wait "$(pid $one)"; code=$?; say "$one has left: exit $code"; [ $code -le 7 ] || fail "$one crashed"; }
done
for log in *.log; do lacks "$log" 'Sanitizer|runtime error:|Assertion|HOPT_ASSERT'; done
say "the sound study is still whole"
whole 30
