#!/usr/bin/env bash
# Regret of hopt's samplers beside their peers from PyPI, on the same instances of the problems of
# problems.c. By itself: 2 seeds, N = 100, printed. Peers are left out when they cannot be installed.
#
#   run.sh --full      all seeds, N = 400, batches and long histories: hours. Writes docs/benchmarks.md.
#                      Runs are kept in $HOPT_CACHE/quality; what is there is not run again.
#   run.sh --apart     the costly peers and the real tasks, some hours more: Optuna's GPSampler (with Debian's
#                      python3-torch), CmaEsSampler, SMAC3, HEBO, each in an environment of its own
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
    "$venv/bin/python" -c 'import hyperopt, optuna, rustuna, sklearn, matplotlib' 2>/dev/null && return
    say "making a Python environment with hyperopt, Optuna and rustuna"
    mkdir -p "$cache"
    "${HOPT_PYTHON:-/usr/bin/python3}" -m venv "$venv" >&2 &&
        "$venv/bin/pip" install -q 'hyperopt==0.3.0' 'setuptools<81' 'optuna>=5,<6' 'rustuna==0.2.0' \
            numpy scipy scikit-learn==1.9.1 matplotlib >&2
}

# What can't be installed is said and left out.
made() { # made NAME MODULES VENV-OPTIONS PACKAGE...
    local python=$cache/$1/bin/python modules=$2 options=$3
    "$python" -c "import $modules" 2>/dev/null && return
    say "making a Python environment with $modules"
    "${HOPT_PYTHON:-/usr/bin/python3}" -m venv ${options:+"$options"} "$cache/$1" >&2
    shift 3
    "${python%python}pip" install -q "$@" >&2 || true
    "$python" -c "import $modules" || {
        say "left out: $modules"
        return 1
    }
}

has_torch() { # Debian's has no CUDA, which the one of PyPI needs to be imported at all
    made venv-peers optuna,cmaes,torch --system-site-packages 'optuna>=5,<6' cmaes 'scipy<1.14' 'numpy<2'
}

has_smac() {
    made venv-smac smac,optuna,rustuna,hyperopt,cmaes "" 'smac==2.4.1' 'optuna>=5,<6' rustuna==0.2.0 hyperopt==0.3.0 \
        'setuptools<81' cmaes
}

has_hebo() { # what it asks for does not install with Python 3.11: near versions do
    made venv-hebo pymoo,GPy,gpytorch,catboost --system-site-packages networkx 'numpy==1.26.4' 'scipy<1.13' 'pymoo==0.6.1.3' GPy==1.13.2 \
        disjoint-set catboost 'pandas<2.2' 'scikit-learn<1.6' gpytorch==1.9.1 linear_operator==0.3.0 &&
        "$cache/venv-hebo/bin/pip" install -q --no-deps hebo==0.3.6 >&2 &&
        "$cache/venv-hebo/bin/python" -c 'import hebo.optimizers.hebo' >&2
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

# hopt's own samplers, half an hour: made anew, for they change.
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
    hopt_run 100+20 --sampler gp --in-flight 10 --at 50,100,200
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

in_venv() { # in_venv NAME OPTION...: peers_run.py there
    local python=$cache/$1/bin/python
    shift
    "$python" "$here/peers_run.py" "$bin" "$@" --processes "${QUALITY_PROCESSES:-1}" --evaluator "$venv/bin/python"
}

# One after the other, the dearest last.
apart_full() { # apart_full FILE TASKS-FILE
    local seed short=25,50,75,100 steps=10,20,30,40,50
    for seed in {100..109}; do
        ! has_smac || in_venv venv-smac "$2" --tasks --seeds "$seed" --at $steps \
            --peers hopt-gp,hopt-tpe,hopt-random,optuna,rustuna,hyperopt-py,optuna-cma
        ! has_torch || in_venv venv-peers "$2" --tasks --seeds "$seed" --at $steps --peers optuna-gp
        ! has_torch || in_venv venv-peers "$1" --seeds "$seed" --at $short --peers optuna-gp,optuna-cma
    done
    for seed in {100..102}; do
        ! has_smac || in_venv venv-smac "$2" --tasks --seeds "$seed" --at $steps --peers smac
        ! has_smac || in_venv venv-smac "$1" --seeds "$seed" --at $short --peers smac
    done
    for seed in {100..102}; do
        ! has_hebo || in_venv venv-hebo "$1" --seeds "$seed" --at $short --peers hebo
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
--full | --apart | --report)
    runs=$cache/quality
    mkdir -p "$runs"
    if [ "$mode" = --full ]; then
        hopt_full >"$runs/hopt.csv.new"
        mv "$runs/hopt.csv.new" "$runs/hopt.csv"
        peers_full "$runs/peers.csv"
    fi
    [ "$mode" != --apart ] || apart_full "$runs/apart.csv" "$runs/tasks.csv"
    tasks=()
    [ ! -f "$runs/tasks.csv" ] || tasks=(--tasks "$runs/tasks.csv")
    files=()
    for file in "$runs"/*.csv; do
        [ "$file" = "$runs/tasks.csv" ] || files+=("$file")
    done
    report "${files[@]}" "${tasks[@]}" --write "$repo/docs"
    ;;
*)
    echo "usage: run.sh [--full | --apart | --report]" >&2
    exit 2
    ;;
esac
