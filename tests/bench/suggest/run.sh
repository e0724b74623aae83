#!/usr/bin/env bash
# What a suggestion costs: hopt's samplers in-process (bench_suggest), beside hyperopt 0.3.0, Optuna 5
# and rustuna 0.2.0 from PyPI (peers.py) in the same run; the tables come last. CPU time throughout.
#
#   PEERS="hyperopt optuna rustuna" or "" for hopt alone
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../../.." && pwd)
bin=${HOPT_BIN:-$repo/build-bench/bin}
venv=${HOPT_CACHE:-$repo/.cache}/venv-suggest
peers=${PEERS-hyperopt optuna rustuna}
lines=$(mktemp)
trap 'rm -f "$lines"' EXIT
# What numpy's libraries would share out among cores stays on one.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

say() {
    echo "[suggest] $*" >&2
}

peers_python() {
    "$venv/bin/python" -c 'import hyperopt, optuna, rustuna, scipy' 2>/dev/null && return
    say "making a Python environment with hyperopt, Optuna and rustuna"
    # A python3 on PATH may be too old, or without venv.
    "${PYTHON:-python3}" -m venv "$venv" >&2 &&
        "$venv/bin/pip" install -q 'hyperopt==0.3.0' 'setuptools<81' 'optuna==5.*' \
            'rustuna==0.2.0' numpy scipy >&2
}

say "load $(cut -d' ' -f1-3 /proc/loadavg)"
"$bin/bench_suggest" >"$lines"
if [ -z "$peers" ]; then
    say "hopt alone"
elif peers_python; then
    # shellcheck disable=SC2086 # several words
    "$venv/bin/python" "$here/peers.py" $peers 2> >(grep -v -i warning >&2) >>"$lines"
else
    say "no environment for the others here: hopt alone"
fi
"${PYTHON:-python3}" "$here/table.py" "$lines"
say "load $(cut -d' ' -f1-3 /proc/loadavg)"
