#!/usr/bin/env bash
# Every row of DESIGN §4's table through real programs: what an objective can do to its trial, the
# reason that a person sees, and that the worker goes on.
. "$(dirname "$0")/lib.sh"

cat >fine <<'END'
#!/bin/sh
echo 1
END
cat >big <<'END'
#!/bin/sh
x=$(head -c 200000000 /dev/zero | tr '\0' x)
sleep 30
echo ${#x}
END
cat >deaf <<'END'
#!/bin/sh
trap '' TERM
while :; do sleep 0.1; done
END
cat >leaves <<'END'
#!/bin/sh
sleep 600 &
echo $! >left
setsid sleep 601 >/dev/null 2>&1 &
echo $! >left2
echo 0.5
END
printf '#!/no/such/interpreter\n' >unstartable
chmod +x fine big deaf leaves unstartable
echo 'echo 1' >unexecutable

# Each line: what it shows | command | trial rules | state | a pattern in `hopt trials show`. A bar
# inside of a field is written BAR.
cat >table <<'END'
a number|["./fine"]||done|
json|["echo", "{{\"loss\": 0.25, \"acc\": 0.9}"]||done|acc
status fail|["echo", "{{\"status\": \"fail\"}"]||done|fail
nan|["echo", "nan"]||done|loss is nan
infinite|["echo", "{{\"loss\": Infinity}"]||done|loss is (inf|nan)
missing|["./missing"]||error|Start.*(missing|No such file)
missing on PATH|["hopt-no-such-program"]||error|Start
not executable|["./unexecutable"]||error|Start.*(ermission|executable)
no interpreter|["./unstartable"]||error|Start
prints nothing|["true"]||error|NoResult
words|["echo", "it went well"]||error|BadResult.*it went well
wrong shape: list|["echo", "[0.5]"]||error|BadResult
wrong shape: no loss|["echo", "{{\"accuracy\": 0.5}"]||error|BadResult.*loss
wrong shape: loss is text|["echo", "{{\"loss\": \"low\"}"]||error|BadResult
exit code beats a result|["sh", "-c", "echo 1; echo oh dear >&2; exit 3"]||error|Exit.*3
killed|["sh", "-c", "kill -9 $$"]||error|Signal.*9
aborts|["sh", "-c", "kill -ABRT $$"]||error|Signal.*6
time-out|["sleep", "60"]|"timeout_s": 0.5|error|Timeout.*0\.5
ignores SIGTERM|["./deaf"]|"timeout_s": 0.5, "grace_s": 0.5|error|Timeout
memory|["./big"]|"memory_mb": 50|error|Memory.*50
too much output|["sh", "-c", "yes"]|"output_mb": 2|error|(Output|BadResult|output).*2
a line without end|["sh", "-c", "head -c 3000000 /dev/zero BAR tr '\\0' x"]||error|BadResult.*1 MiB
leaves children|["./leaves"]||done|
retried|["sh", "-c", "echo $HOPT_ATTEMPT >>attempts; exit 4"]|"retry_errors": true, "max_attempts": 3|error|Exit.*4
END

files=() names=()
n=0
while IFS='|' read -r what command rules state pattern; do
    names[n]=$what
    write_study "row$n" "{\"command\": $command}" \
        "\"stop\": {\"max_trials\": 1}, \"trial\": {$rules}"
    mv study.json "row$n.json"
    files+=("row$n.json")
    states[n]=$state patterns[n]=$pattern
    n=$((n + 1))
done <table
sed -i 's/BAR/|/g' row*.json
write_study last '{"command": ["./fine"]}' '"stop": {"max_trials": 3}'
exits 0 "${hopt[@]}" check study.json

ended() {
    case $(trial_state "$1" 2>/dev/null) in
    done | error | cancel) return 0 ;;
    *) return 1 ;;
    esac
}

# One worker for all of it: it must survive every row.
exits 0 "${master[@]}" --help
start master "${master[@]}" "${files[@]}" --poll 200ms
wait_until 10 "the master runs" has master.log 'master started'
start worker "${worker[@]}" --slots 4 --max-failures 0 "${files[@]}" study.json
for ((i = 0; i < n; i++)); do
    study=row$i
    wait_until 40 "row $i (${names[i]}): its trial has ended" ended 0
    got=$(trial_state 0)
    exits 0 "${hopt[@]}" trials show "row$i" 0
    tr '\n' ' ' <out.txt >flat.txt
    [ "$got" = "${states[i]}" ] || fail "row $i (${names[i]}): ended as $got: $(cat flat.txt)"
    [ -z "${patterns[i]}" ] || has flat.txt "${patterns[i]}" ||
        fail "row $i (${names[i]}): no \"${patterns[i]}\" in: $(cat flat.txt)"
done
say "$n rows"

wait_until 2 "what an objective left behind is gone" gone "$(cat left)" "$(cat left2)"
same "attempts of the retried one" "1 2 3" "$(tr '\n' ' ' <attempts | sed 's/ $//')"
exits 0 "${hopt[@]}" study create study.json
study=last
wait_until 20 "the worker goes on" study_is done
whole 3
alive worker || fail "the worker has left"

# Four errors in a row and it leaves, with exit code 1 (its default).
write_study bad '{"command": ["false"]}' '"stop": {"max_trials": 20}'
exits 0 "${hopt[@]}" study create study.json
start quitter "${worker[@]}" study.json
wait_end quitter 15
same "exit code after four errors in a row" 1 "$code"
same "errors" 4 "$(count_trials error)"
