#!/usr/bin/env bash
# Trials per second of a Python driver's workers: hopt-worker --python-driver against
# hyperopt-mongo-worker, 1 and 8 of them, on one server, a trivial objective, the queue filled
# beforehand. hyperopt-mongo-worker as it comes (a process a trial) and with --no-subprocesses, where
# it is quickest. In turns, so that what else the machine does meets all alike; medians.
#
#   whole   from the workers' start to the last end, imports included
#   steady  from the first end to the last
#
#   ROUNDS (3), TRIALS (800), PYTHON_TRIALS (24, by workers: as many each up to 8 times)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../../.." && pwd)
bin=${HOPT_BIN:-$repo/build-bench/bin}
rounds=${ROUNDS:-3} trials=${TRIALS:-800} python_trials=${PYTHON_TRIALS:-24}
[ -n "${HOPT_TEST_MONGO_URI:-}" ] || { echo "pydriver: needs a MongoDB"; exit 0; }
venv=$("$repo/tests/interop/venv.sh") || { echo "pydriver: no hyperopt"; exit 0; }
address=${HOPT_TEST_MONGO_URI#mongodb://}
address=${address%/}
work=$(mktemp -d)
workers=()
stop_workers() {
    local pid
    for pid in "${workers[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
    for pid in "${workers[@]}"; do wait "$pid" 2>/dev/null || true; done
    workers=()
}
trap 'stop_workers; rm -rf "$work"' EXIT
cd "$work"
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

# A name of its own for every measurement: the server keeps nothing of the one before.
number=0
new_database() {
    number=$((number + 1))
    database=hopt_bench_pydriver_$$_$number
    export DRIVER_URL=mongo://$address/$database/jobs
}

start_worker() { # start_worker KIND
    case $1 in
    hopt)
        "$bin/hopt-worker" --allow-root --allow-pickle --python "$venv/bin/python" -q \
            --store "$DRIVER_URL" --python-driver bench >>hopt.log 2>&1 &
        ;;
    slots)
        "$bin/hopt-worker" --allow-root --allow-pickle --python "$venv/bin/python" -q --slots 8 \
            --store "$DRIVER_URL" --python-driver bench >>hopt.log 2>&1 &
        ;;
    python)
        "$venv/bin/hyperopt-mongo-worker" --mongo="$address/$database" --exp-key=bench \
            --poll-interval=1.5 --workdir="$work" >>python.log 2>&1 &
        ;;
    inside)
        "$venv/bin/hyperopt-mongo-worker" --mongo="$address/$database" --exp-key=bench \
            --poll-interval=1.5 --workdir="$work" --no-subprocesses >>python.log 2>&1 &
        ;;
    esac
    workers+=($!)
}

measure() { # measure KIND WORKERS TRIALS
    local i
    new_database
    "$venv/bin/python" "$here/driver_queue.py" fill "$3" >/dev/null 2>&1
    for ((i = 0; i < $2; i++)); do start_worker "$1"; done
    "$venv/bin/python" "$here/driver_queue.py" wait "$3" 300 2>/dev/null >"$1.$2.out"
    cat "$1.$2.out" >>"$1.$2"
    stop_workers
    "$venv/bin/python" -c "import pymongo
pymongo.MongoClient('mongodb://$address/').drop_database('$database')"
}

for ((round = 0; round < rounds; round++)); do
    measure hopt 1 "$trials"
    measure python 1 "$((python_trials / 2))"
    measure inside 1 "$((python_trials * 8))"
    measure hopt 8 "$trials"
    measure slots 1 "$trials"
    measure python 8 "$((python_trials * 2))"
    measure inside 8 "$((python_trials * 8))"
done

median() { # median FILE COLUMN
    sort -g -k "$2,$2" "$1" | awk -v c="$2" '{ v[NR] = $c } END { print v[int((NR + 1) / 2)] }'
}

line() { # line FILE WORDS
    printf '%-46s %8s %8s\n' "$2" "$(median "$1" 2)" "$(median "$1" 3)"
}

ratio() { # ratio FILE FILE COLUMN
    awk -v a="$(median "$1" "$3")" -v b="$(median "$2" "$3")" 'BEGIN { printf "%.1f", a / b }'
}

printf '%-46s %8s %8s   trials/s\n' "" whole steady
line hopt.1 "hopt-worker, 1"
line python.1 "hyperopt-mongo-worker, 1"
line inside.1 "hyperopt-mongo-worker --no-subprocesses, 1"
line hopt.8 "hopt-worker, 8"
line slots.1 "hopt-worker, 1 with 8 slots"
line python.8 "hyperopt-mongo-worker, 8"
line inside.8 "hyperopt-mongo-worker --no-subprocesses, 8"
for n in 1 8; do
    echo "$n: hopt-worker is $(ratio "hopt.$n" "python.$n" 3) times as quick as hyperopt-mongo-worker," \
        "$(ratio "hopt.$n" "inside.$n" 3) times as with --no-subprocesses (steady)"
done
