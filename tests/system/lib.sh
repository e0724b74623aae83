# shellcheck shell=bash
# Sourced by the tests here. A test is called as NAME.sh sqlite|mongo; HOPT_BIN is the folder of the
# programs. It gets a folder of its own ($work), a store of its own ($store, exported as HOPT_STORE)
# and the functions below. What it started is ended when it exits; its logs are shown if it fails.
set -u -o pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../.." && pwd)
bin=$(cd "${HOPT_BIN:-$repo/build/bin}" && pwd) || exit 2
test_name=$(basename "$0" .sh)
kind=${1:-sqlite}
started=$(date +%s%N)
export LC_ALL=C
# libmongoc warns when a killed process left its counters under our process number.
export MONGOC_DISABLE_SHM=1

work=$(mktemp -d "${TMPDIR:-/tmp}/hopt-$test_name.XXXXXX") || exit 2
cd "$work" || exit 2
declare -A pids=() # of what `start` started, by name
failed=0

# A worker evaluates as root only when told to: the tests may run as anybody.
worker=("$bin/hopt-worker" --allow-root)
master=("$bin/hopt-master")
hopt=("$bin/hopt")

say() {
    local ms=$((($(date +%s%N) - started) / 1000000))
    printf '%3d.%03d  %s\n' $((ms / 1000)) $((ms % 1000)) "$*"
}

show_logs() {
    local log
    for log in "$work"/*.log; do
        [ -s "$log" ] || continue
        echo "---- $(basename "$log")"
        tail -n "${HOPT_TEST_LOG_LINES:-40}" "$log"
    done
}

# fail MESSAGE: the test has failed and ends here.
fail() {
    say "FAILED: $*"
    failed=1
    exit 1
}

skip() {
    say "SKIP: $*"
    exit 77
}

# Everything that runs below us, deepest last.
descendants() {
    local child
    for child in $(ps -o pid= --ppid "$1"); do
        echo "$child"
        descendants "$child"
    done
}

clean_up() {
    local code=$? name
    trap - EXIT
    [ "$code" = 0 ] || [ "$code" = 77 ] || failed=1
    [ "$failed" = 0 ] || show_logs
    for name in "${!pids[@]}"; do
        kill -CONT "${pids[$name]}" 2>/dev/null
        kill -KILL "${pids[$name]}" 2>/dev/null
    done
    wait 2>/dev/null
    declare -F at_exit >/dev/null && at_exit
    [ "$kind" != mongo ] || [ -z "${store:-}" ] || "$bin/mongo_tool" "$store" drop
    if [ "$failed" = 0 ] && [ -z "${HOPT_TEST_KEEP:-}" ]; then
        rm -rf "$work"
    else
        echo "kept: $work"
    fi
    [ "$failed" = 0 ] || code=1
    say "$test_name $kind: exit $code"
    exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

case $kind in
sqlite)
    store=sqlite:$work/store.db
    ;;
mongo)
    [ "${HOPT_TEST_MONGO:-}" != skip ] || skip "HOPT_TEST_MONGO=skip"
    [ -n "${HOPT_TEST_MONGO_URI:-}" ] ||
        fail "HOPT_TEST_MONGO_URI is not set: tests/services/mongo.sh run ctest ..."
    store=${HOPT_TEST_MONGO_URI%/}/hopt_system_${test_name}_$$
    ;;
*)
    fail "usage: $test_name.sh sqlite|mongo"
    ;;
esac
export HOPT_STORE=$store

# ---- processes ----

# start NAME COMMAND...: in the background, its output in NAME.log (appended to).
start() {
    local name=$1
    shift
    "$@" >>"$work/$name.log" 2>&1 </dev/null &
    pids[$name]=$!
}

pid() {
    echo "${pids[$1]}"
}

alive() {
    kill -0 "${pids[$1]}" 2>/dev/null
}

# signal SIGNAL NAME
signal() {
    kill "-$1" "${pids[$2]}" || fail "kill -$1 $2: no such process"
}

# kill_hard NAME: kill -9, and reap it.
kill_hard() {
    signal KILL "$1"
    { wait "${pids[$1]}"; } 2>/dev/null
    unset "pids[$1]"
}

# wait_end NAME [SECONDS]: its exit code goes to $code; it must end (wait_until, 10).
wait_end() {
    local name=$1
    wait_until "${2:-10}" "$name ends" not alive "$name"
    wait "${pids[$name]}"
    code=$?
    unset "pids[$name]"
}

# gone PID...: none of them runs any more (a zombie does not run).
gone() {
    local one stat
    for one in "$@"; do
        stat=
        { read -r -d '' stat <"/proc/$one/stat"; } 2>/dev/null
        case ${stat##*) } in
        '' | [ZX]*) ;;
        *) return 1 ;;
        esac
    done
}

# ---- assertions ----

not() {
    ! "$@"
}

# wait_until SECONDS WHAT COMMAND...: until COMMAND succeeds. SECONDS are for a machine with nothing else
# to do; a busy one has as much time as it needs, ten times as long and a minute at least.
wait_until() {
    local seconds=$(($1 < 6 ? 60 : $1 < 40 ? $1 * 10 : 400)) what=$2
    local end=$((${EPOCHREALTIME/./} + seconds * 1000000))
    shift 2
    until "$@"; do
        [ "${EPOCHREALTIME/./}" -lt "$end" ] || fail "not within $seconds s: $what"
        sleep 0.05
    done
}

# promptly SECONDS WHAT COMMAND...: the same where the time is what the test is about. The time must
# have passed in vain, and we must have looked as often as a machine with nothing else to do lets us:
# one that is slow, or stands still, starts our `sleep` late too.
promptly() {
    local end=$((${EPOCHREALTIME/./} + $1 * 1000000)) what=$2 seconds=$1 looks=$(($1 * 20))
    shift 2
    until "$@"; do
        [ $((looks--)) -gt 0 ] || [ "${EPOCHREALTIME/./}" -lt "$end" ] ||
            fail "not within $seconds s: $what"
        sleep 0.05
    done
}

# same WHAT WANTED GOT
same() {
    [ "$2" = "$3" ] || fail "$1: wanted \"$2\", got \"$3\""
}

# within WHAT LOW HIGH GOT (integers)
within() {
    [ "$4" -ge "$2" ] && [ "$4" -le "$3" ] || fail "$1: wanted $2..$3, got \"$4\""
}

# has FILE PATTERN: an extended regular expression in a file.
has() {
    grep -Eq -- "$2" "$1" 2>/dev/null
}

# holds FILE PATTERN: the same as an assertion.
holds() {
    has "$1" "$2" || fail "no \"$2\" in $(basename "$1"): $(tail -n 3 "$1" 2>/dev/null)"
}

lacks() {
    ! has "$1" "$2" || fail "\"$2\" in $(basename "$1"): $(grep -E -m1 -- "$2" "$1")"
}

# exits CODE COMMAND...: standard output in out.txt, standard error in err.txt.
exits() {
    local wanted=$1 got
    shift
    "$@" >"$work/out.txt" 2>"$work/err.txt" </dev/null
    got=$?
    [ "$got" = "$wanted" ] ||
        fail "exit $got instead of $wanted: $* : $(tail -n 4 "$work/err.txt")"
}

# ---- the store, through hopt ----

# trials [STUDY]: every trial as a JSON line (FORMATS §4).
trials() {
    "${hopt[@]}" trials list "${1:-$study}" --json --limit 0 --after -1
}

# field NAME: of JSON lines on standard input, the raw value of the first member of this name.
field() {
    awk -v name="$1" '{
        if (!match($0, "[{,]\"" name "\":(\"([^\"\\\\]|\\\\.)*\"|[^,}]*)")) next
        value = substr($0, RSTART + length(name) + 4, RLENGTH - length(name) - 4)
        gsub(/^"|"$/, "", value)
        print value
    }'
}

# count_trials STATE|'' [STUDY]: how many trials are in this state (or in all).
count_trials() {
    local wanted=$1
    trials "${2:-$study}" 2>/dev/null | grep -c "\"state\":\"${wanted:-[a-z]*}\""
}

# at_least N STATE: so many trials are in a state.
at_least() {
    [ "$(count_trials "$2")" -ge "$1" ]
}

trial_state() {
    trials | grep "^{\"num\":$1," | field state
}

trial_is() {
    [ "$(trial_state "$1")" = "$2" ]
}

# study_field FIELD: of `hopt study show`.
study_field() {
    "${hopt[@]}" study show "$study" --json 2>/dev/null | field "$1"
}

study_is() {
    [ "$(study_field state)" = "$1" ]
}

# Every slot of 0 .. N-1 once, in the states given (a pattern), and nothing else.
whole() {
    local n=$1 states=${2:-done} got
    trials >"$work/trials.txt" || fail "hopt trials list failed"
    got=$(field num <"$work/trials.txt" | sort -n | tr '\n' ' ')
    same "the nums" "$(seq 0 $((n - 1)) | tr '\n' ' ')" "$got"
    got=$(field tid <"$work/trials.txt" | sort -u | wc -l)
    same "different tids" "$n" "$got"
    got=$(field state <"$work/trials.txt" | grep -cvxE "$states")
    same "trials that are not $states" 0 "$got"
}

# ---- study files ----

# write_study NAME OBJECTIVE [MORE]: study.json with two parameters; MORE are further members.
write_study() {
    study=$1
    cat >"$work/study.json" <<END
{"name": "$1",
 "space": {"x": {"_type": "uniform", "_value": [-5, 5]},
           "kind": {"_type": "choice", "_value": ["a", "b"]}},
 "objective": $2,
 "sampler": {"name": "random", "seed": 7}${3:+,
 $3}}
END
}

# write_objective: obj, a command that notes its start in `began` ("NUM ATTEMPT") and prints its
# argument. Where a file hang.NUM.ATTEMPT is, it first hangs: with a child, a grandchild, and (if the
# file is empty) one in a session of its own. Where a file slow.NUM.ATTEMPT is, it waits until that is removed.
write_objective() {
    cat >"$work/obj" <<'END'
#!/bin/sh
me=$HOPT_TRIAL.$HOPT_ATTEMPT
echo "$HOPT_TRIAL $HOPT_ATTEMPT" >>began
if [ -e "hang.$me" ]; then
    sleep 300 &
    (sleep 301; true) &
    [ -s "hang.$me" ] || setsid sleep 302 &
    echo $$ >"hangs.$me"
    wait
fi
if [ -e "slow.$me" ]; then echo $$ >"slows.$me"; fi
while [ -e "slow.$me" ]; do sleep 0.02; done
echo "$1"
END
    chmod +x "$work/obj"
}

# began NUM ATTEMPT: how often the objective was started for it.
began() {
    grep -cx "$1 $2" "$work/began" 2>/dev/null || true
}
