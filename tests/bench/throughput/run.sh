#!/usr/bin/env bash
# Trials per second from end to end: five uniform parameters, a random sampler, an objective that costs
# next to nothing. hopt: `hopt run` on SQLite with a server objective in C and in Python, the whole
# command, start to end. Beside it Optuna (PyPI) with its journal file and with SQLite, opening and
# imports not counted. In turns, so that what else the machine does meets all alike; medians.
#
#   TRIALS (4000), OPTUNA_TRIALS (2000), ROUNDS (3), OPTUNA=version or "skip"
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../../.." && pwd)
bin=${HOPT_BIN:-$repo/build-bench/bin}
cache=${HOPT_CACHE:-$repo/.cache}/optuna
trials=${TRIALS:-4000} optuna_trials=${OPTUNA_TRIALS:-2000} rounds=${ROUNDS:-3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

say() {
    echo "[throughput] $*" >&2
}

optuna_python() {
    [ "${OPTUNA:-}" != skip ] || return 1
    if [ ! -x "$cache/bin/python" ]; then
        say "making a Python environment with Optuna"
        # A python3 on PATH may be too old, or without venv.
        "${PYTHON:-python3}" -m venv "$cache" >&2 || return 1
    fi
    "$cache/bin/python" -c 'import optuna, sqlalchemy' 2>/dev/null ||
        "$cache/bin/pip" install -q "optuna${OPTUNA:+==$OPTUNA}" >&2 || return 1
}

study() { # study LANGUAGE COMMAND...
    cat <<END
{"name": "$1", "space": {
   "x0": {"_type": "uniform", "_value": [-5, 5]}, "x1": {"_type": "uniform", "_value": [-5, 5]},
   "x2": {"_type": "uniform", "_value": [-5, 5]}, "x3": {"_type": "uniform", "_value": [-5, 5]},
   "x4": {"_type": "uniform", "_value": [-5, 5]}},
 "objective": {"server": [$2]}, "sampler": {"name": "random", "seed": 1},
 "stop": {"max_trials": $trials}}
END
}
study c "\"$bin/bench_server\"" >c.json
study python "\"python3\", \"$here/server.py\"" >python.json

# hopt LANGUAGE SLOTS: trials per second of the whole command.
hopt_rate() {
    local began
    rm -f -- *.db*
    began=$EPOCHREALTIME
    "$bin/hopt" run "$1.json" -j "$2" -q --store sqlite:bench.db >/dev/null
    awk -v a="$began" -v b="$EPOCHREALTIME" -v n="$trials" 'BEGIN { printf "%.1f\n", n / (b - a) }'
}

optuna_rate() { # optuna_rate journal|sqlite PROCESSES
    rm -f storage*
    local n=$optuna_trials
    [ "$1" = journal ] || n=$((n / 5)) # ten times slower, and slower still with more trials
    "$cache/bin/python" "$here/optuna_bench.py" "$1" "$2" "$n" storage
}

declare -A rates=()
rows=("hopt c 1" "hopt c 8" "hopt python 1" "hopt python 8")
if optuna_python; then
    rows+=("optuna journal 1" "optuna journal 8" "optuna sqlite 1" "optuna sqlite 8")
    version=$("$cache/bin/python" -c 'import optuna; print(optuna.__version__)')
else
    say "no Optuna here: hopt alone"
fi
for ((round = 1; round <= rounds; round++)); do
    for row in "${rows[@]}"; do
        read -r who what slots <<<"$row"
        rate=$("${who}_rate" "$what" "$slots")
        say "round $round: $row: $rate/s, load $(cut -d' ' -f1 /proc/loadavg)"
        rates[$row]+="$rate "
    done
done

median() {
    tr ' ' '\n' <<<"$1" | sed '/^$/d' | sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

best=0
for row in "${rows[@]}"; do
    case $row in
    optuna*) best=$(awk -v a="$best" -v b="$(median "${rates[$row]}")" 'BEGIN { print (a > b ? a : b) }') ;;
    esac
done
printf '%-34s %6s %12s %10s   %s\n' "trials per second, median of $rounds" "slots" "trials/s" "to Optuna" "all rounds"
for row in "${rows[@]}"; do
    read -r who what slots <<<"$row"
    case $who in
    hopt) name="hopt run, server in $what, SQLite" ;;
    *) name="Optuna $version, $what" ;;
    esac
    rate=$(median "${rates[$row]}")
    printf '%-34s %6s %12.0f %10s   %s\n' "$name" "$slots" "$rate" \
        "$(awk -v a="$rate" -v b="$best" 'BEGIN { if (b > 0) printf "%.1fx", a / b; else print "-" }')" "${rates[$row]}"
done
echo "\"to Optuna\": to the best row of Optuna. hopt: $trials trials; Optuna: $optuna_trials with a journal," \
    "$((optuna_trials / 5)) with SQLite."
