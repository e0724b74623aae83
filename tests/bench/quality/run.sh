#!/usr/bin/env bash
# Regret of hopt's samplers beside their peers from PyPI, on the same instances of the problems of
# problems.c. By itself: 2 seeds, N = 100, printed. Peers are left out when they cannot be installed.
#
#   run.sh --full      all seeds, N = 400, batches and long histories: hours. Writes docs/benchmarks.md.
#                      Runs are kept in $HOPT_CACHE/quality; what is there is not run again.
#   run.sh --report    docs/benchmarks.md from the runs that are there
#
# Environment: HOPT_BIN (build-bench/bin), QUALITY_PROCESSES (1) for the peers, QUALITY_CPUS to pin them,
# e.g. 2,3.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../../.." && pwd)
bin=${HOPT_BIN:-$repo/build-bench/bin}
cache=${HOPT_CACHE:-$repo/.cache}
venv=$cache/venv-quality
mode=${1:-short}
export OMP_NUM_THREADS=1

say() {
    echo "[quality] $*" >&2
}

peers_installed() {
    "$venv/bin/python" -c 'import hyperopt, optuna, rustuna, matplotlib' 2>/dev/null && return
    say "making a Python environment with hyperopt, Optuna and rustuna"
    mkdir -p "$cache"
    "${HOPT_PYTHON:-/usr/bin/python3}" -m venv "$venv" >&2 &&
        "$venv/bin/pip" install -q 'hyperopt==0.3.0' 'setuptools<81' 'optuna>=5,<6' 'rustuna==0.2.0' \
            numpy scipy matplotlib >&2
}

hopt_run() { # hopt_run SEEDS OPTION...: SEEDS as FIRST+COUNT
    local seeds=$1
    shift
    "$bin/bench_quality" --raw --first "${seeds%+*}" --seeds "${seeds#*+}" "$@"
}

peers_run() { # peers_run FILE OPTION...
    local cpus=()
    [ -z "${QUALITY_CPUS:-}" ] || cpus=(--cpus "$QUALITY_CPUS")
    "$venv/bin/python" "$here/peers_run.py" "$bin" "$@" --processes "${QUALITY_PROCESSES:-1}" "${cpus[@]}"
}

report() {
    "$venv/bin/python" "$here/report.py" --bin "$bin" --commit "$(git -C "$repo" rev-parse --short HEAD)" "$@"
}

# hopt's own samplers, a quarter of an hour: made anew, for they change.
hopt_full() {
    local at=25,50,75,100,150,200,300,400 seeds
    for seeds in 100+20 0+10; do
        hopt_run $seeds --at $at,1000
        hopt_run $seeds --sampler gp --at 25,50,75,100,150,200
        hopt_run $seeds --sampler random --at $at,1000
        hopt_run $seeds --sampler hyperopt --name hopt-hyperopt --at $at
        hopt_run $seeds --late 1000000000 --name tpe-early --at 100,200,400
    done
    hopt_run 100+20 --in-flight 10 --at 50,100,200
    hopt_run 100+20 --in-flight 100 --at 200,500,1000
    hopt_run 100+10 --name tpe-thin --at 3000,5000
    hopt_run 100+10 --thin-at 1000000000 --name tpe-whole --at 3000,5000
    hopt_run 1000+1000 --plain --name tpe-plain --at 100
    hopt_run 1000+1000 --name tpe-many --at 100
}

# Cheap things first; seed by seed, so that at any time every cell has about as many. hyperopt to N = 100 only:
# see about.md.
peers_full() { # peers_full FILE
    local short=25,50,75,100 seed
    local some=hartmann6,rosenbrock5_S,styblinski5_S,ackley10_S,sphere10_S,CASH,mlp_noisy,cats,ridge_noisy,deep
    peers_run "$1" --seeds 100-119 --at $short
    peers_run "$1" --peers optuna,rustuna --in-flight 10 --at 50,100,200 --seeds 100-109
    peers_run "$1" --peers optuna,rustuna --in-flight 100 --at 200,500,1000 --seeds 100-103 --problems $some
    peers_run "$1" --seeds 0-9 --at $short
    for seed in {100..119} {0..9}; do
        peers_run "$1" --peers rustuna,optuna,optuna-group --seeds "$seed"
    done
}

if ! peers_installed; then
    say "no peers here: hopt alone"
    exec "$bin/bench_quality" --seeds 5
fi
case $mode in
short)
    runs=$(mktemp -d)
    trap 'rm -rf "$runs"' EXIT
    for sampler in tpe gp random hyperopt; do
        name=$sampler
        [ $name != hyperopt ] || name=hopt-hyperopt
        hopt_run 100+2 --sampler $sampler --name $name --at 50,100
    done >"$runs/hopt.csv"
    peers_run "$runs/peers.csv" --seeds 100-101 --at 50,100
    report "$runs/hopt.csv" "$runs/peers.csv" --report 100-101 --at 50,100
    ;;
--full | --report)
    runs=$cache/quality
    mkdir -p "$runs"
    if [ "$mode" = --full ]; then
        hopt_full >"$runs/hopt.csv.new"
        mv "$runs/hopt.csv.new" "$runs/hopt.csv"
        peers_full "$runs/peers.csv"
    fi
    report "$runs"/*.csv --write "$repo/docs"
    ;;
*)
    echo "usage: run.sh [--full | --report]" >&2
    exit 2
    ;;
esac
