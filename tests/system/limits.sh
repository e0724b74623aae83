#!/usr/bin/env bash
# What an objective may do to the machine: a fork bomb, 10 GB of memory, of output, of a file. Each ends
# its trial with an error that names the limit, leaves no process, and costs the worker nothing. The
# objectives have bounds of their own, so that a limit that fails can't take the machine down.
. "$(dirname "$0")/lib.sh"

cp "$bin/test_objective" greedy
# Address space for 3 GB only, where the 10 GB are not stopped; in perl, since a sanitizer wants more.
cat >memory <<'END'
#!/bin/sh
ulimit -v 3000000
exec perl -e 'for (1 .. 10240) { push @x, "x" x 1048576 } print "1\n"'
END
# Many processes with a little memory each are one objective's memory too.
cat >family <<'END'
#!/bin/sh
ulimit -v 1000000
for i in 1 2 3 4 5 6 7 8; do perl -e '$x = "x" x 40e6; sleep 60' & done
wait
END
printf '#!/bin/sh\nhead -c 10G /dev/zero\n' >line
printf '#!/bin/sh\nyes | head -c 10G\n' >lines
printf '#!/bin/sh\nyes | head -c 10G >&2\n' >errors
printf '#!/bin/sh\nyes \x27{"report":{"step":1,"loss":1}}\x27 | head -c 10G >&4\n' >reports
printf '#!/bin/sh\ncd "$HOPT_WORKDIR" && yes | head -c 200M >file && echo 1\n' >file
chmod +x memory family line lines errors reports file

# Each line: name | command | trial rules | a pattern in `hopt trials show`
cat >table <<'END'
bomb|["./greedy", "bomb", "2500"]|"processes": 200|Processes.*more than 200 processes
storm|["./greedy", "storm", "2500"]|"processes": 200|Processes.*more than 200 processes
bomb-default|["./greedy", "storm", "2500"]||Processes.*more than 1000 processes
memory|["./memory"]|"memory_mb": 200|Memory.*200 MB
family|["./family"]|"memory_mb": 200|Memory.*200 MB
line|["./line"]|"output_mb": 20|BadResult.*printed more than 20 MB
lines|["./lines"]|"output_mb": 1|BadResult.*printed more than 1 MB
output-default|["./line"]||BadResult.*printed more than 256 MB
errors|["./errors"]|"output_mb": 20|BadResult.*printed more than 20 MB
reports|["./reports"]|"output_mb": 1|BadResult.*printed more than 1 MB
file|["./file"]|"file_mb": 20|Exit.*trial.file_mb
file-default|["./greedy", "file", "hole", "10240"]||Signal.*4096 MB .trial.file_mb
END

files=() names=() patterns=()
while IFS='|' read -r name command rules pattern; do
    write_study "$name" "{\"command\": $command}" "\"stop\": {\"max_trials\": 1}, \"trial\": {$rules}"
    mv study.json "$name.json"
    files+=("$name.json") names+=("$name") patterns+=("$pattern")
done <table
write_study after '{"command": ["echo", "{x}"]}' '"stop": {"max_trials": 3}'

ended() {
    case $(trial_state 0 2>/dev/null) in
    done | error | cancel) return 0 ;;
    *) return 1 ;;
    esac
}

peak_kb() {
    sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$(pid worker)/status"
}

start master "${master[@]}" --poll 200ms "${files[@]}" study.json
wait_until 10 "the master runs" has master.log "master started"
start worker "${worker[@]}" --slots 1 --workdir "$work/scratch" --max-failures 0 "${files[@]}" study.json
wait_until 10 "the worker runs" has worker.log 'worker started'
before=$(peak_kb)
for ((i = 0; i < ${#names[@]}; i++)); do
    study=${names[i]}
    wait_until 60 "$study: its trial has ended" ended
    same "$study: its state" error "$(trial_state 0)"
    exits 0 "${hopt[@]}" trials show "$study" 0
    tr '\n' ' ' <out.txt >flat.txt
    holds flat.txt "${patterns[i]}"
    say "$study: $(grep -aoE -m1 "${patterns[i]}.{0,40}" flat.txt)"
done

alive worker || fail "the worker has left"
# Each has the folder as its working directory, wherever it has gone; so have the programs and we.
left() {
    local link folder
    for link in /proc/[0-9]*/cwd; do
        [ "$(readlink "$link" 2>/dev/null)" = "$work" ] || continue
        folder=${link%/cwd}
        case $(cat "$folder/comm" 2>/dev/null) in
        '' | hopt-master | hopt-worker | bash) ;; # bash: only we
        *) echo "${folder#/proc/}" ;;
        esac
    done
}
nothing_left() {
    local pids
    mapfile -t pids < <(left)
    [ ${#pids[@]} = 0 ] || gone "${pids[@]}"
}
wait_until 10 "no process is left of them" nothing_left
study=after
wait_until 20 "the worker goes on" study_is done
whole 3
# A sanitizer keeps freed memory back.
grep -qaE '__(asan|tsan)_init' "$bin/hopt-worker" ||
    within "the worker's own memory, MB more than before" 0 60 $((($(peak_kb) - before) / 1024))
