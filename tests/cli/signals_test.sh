#!/bin/sh
# signals_test.sh BIN: hopt run interrupted, killed, and run again: every trial ends once, no
# objective is left behind, and the exit codes say what happened.
set -u
bin=$1 here=$(dirname "$(realpath "$0")") failed=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
cp "$here/slow.json" slow.json
# A name of our own, so that other processes of this machine do not count.
sed -i "s/slow-objective/slow-$$/" slow.json
PATH=$bin:$PATH LC_ALL=C.UTF-8
export PATH LC_ALL
unset HOPT_STORE
fail() { echo "FAIL: $*"; failed=1; }
equal() { [ "$2" = "$3" ] || fail "$1: $2, not $3"; }
states() { hopt trials list --limit 0 | sed 1d | cut -f2 | sort | uniq -c | tr -s ' ' | tr '\n' ';'; }
objectives() { pgrep -cf "slow-$$ " || true; }
fresh() { rm -f ./*.db*; }
# await WHAT COMMAND...: until the command succeeds; a machine may be slow.
await() {
    what=$1 tries=0
    shift
    until "$@"; do
        tries=$((tries + 1))
        [ $tries -lt 1200 ] || { fail "$what: not within a minute: $(cat err)"; rm -f hold; return 1; }
        sleep 0.05
    done
}
running() { [ "$(objectives)" -ge 1 ]; }
none_running() { [ "$(objectives)" = 0 ]; }
# start SIGNAL...: run the study, send the first signal when something runs and each further one when
# the one before was answered; then let the objectives end, and leave the exit code in $code.
start() {
    : > hold
    hopt run slow.json -j 2 > out 2> err &
    pid=$!
    await "a trial runs" running
    kill -"$1" $pid
    shift
    for signal in "$@"; do
        await "the answer to a signal" grep -q 'stopping: waiting for' err
        kill -"$signal" $pid
    done
    [ $# -gt 0 ] || rm hold
    wait $pid
    code=$?
    rm -f hold
}

# One interrupt: the running trials end, the rest stays for the same command.
start INT
equal "exit code after SIGINT" $code 130
grep -q '^continue with: .*hopt run slow.json -j 2$' err || fail "no way on: $(cat err)"
hopt trials list --state running | sed 1d | grep . && fail "a trial is left running"
equal "objectives after SIGINT" "$(objectives)" 0
hopt run slow.json -j 4 > out 2> err || fail "not resumed: $(cat err)"
equal "states after resuming" "$(states)" " 8 done;"
equal "attempts" "$(hopt export | grep -c '"attempt":1,')" 8

# Two interrupts: the running trials go back at once.
fresh
start INT INT
equal "exit code after two SIGINT" $code 130
hopt trials list --state running | sed 1d | grep . && fail "a trial is left running after two"
equal "objectives after two SIGINT" "$(objectives)" 0
hopt run slow.json -j 4 > out 2> err || fail "not resumed after two: $(cat err)"
equal "states after two" "$(states)" " 8 done;"

# SIGTERM.
fresh
start TERM
equal "exit code after SIGTERM" $code 143

# kill -9: the objectives die with it, the trials are queued again and end once.
fresh
start KILL
equal "exit code after SIGKILL" $code 137
await "the objectives die with it" none_running
hopt run slow.json -j 4 > out 2> err || fail "not resumed after SIGKILL: $(cat err)"
equal "states after SIGKILL" "$(states)" " 8 done;"
equal "trials after SIGKILL" "$(hopt export | wc -l)" 8

# A study that runs out of time ends, with what it has.
fresh
hopt run slow.json -j 1 --timeout 2.5s > out 2> err
equal "exit code after the time-out" $? 0
hopt study list | grep -q 'done (timeout)' || fail "not ended by its time-out: $(hopt study list)"

# Standard output that can't be written is said.
if [ -w /dev/full ]; then
    hopt export > /dev/full 2> err && fail "a full disk went unseen"
    grep -q "can't write" err || fail "no word of the full disk: $(cat err)"
fi
exit $failed
