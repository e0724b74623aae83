#!/usr/bin/env bash
# run.sh suggest|fmin BIN: compare the hopt in BIN with Python's hyperopt 0.3.0. The first time a
# virtual environment with it is made in the cache ($HOPT_CACHE, else .cache). A skip (77) says why.
#
# GOLDEN_SEED, GOLDEN_CASES: other random cases than the usual 600, or more of them.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=$(cd "$2" && pwd)
venv=${HOPT_CACHE:-$here/../../.cache}/venv-hyperopt
python=${HOPT_PYTHON:-python3}

mkdir -p "$(dirname "$venv")"
exec 9>"$venv.lock"
flock 9 # tests run side by side
if ! "$venv/bin/python" -c 'import hyperopt, scipy' 2>/dev/null; then
    if ! { "$python" -m venv "$venv" &&
        "$venv/bin/pip" install -q 'hyperopt==0.3.0' 'setuptools<81' numpy scipy; }; then
        echo "skipped: no virtual environment with hyperopt could be made in $venv"
        exit 77
    fi
fi
exec 9>&-

case $1 in
suggest)
    exec "$venv/bin/python" "$here/generate.py" --hopt "$bin/hopt" \
        --seed "${GOLDEN_SEED:-1}" --cases "${GOLDEN_CASES:-600}"
    ;;
fmin)
    exec "$venv/bin/python" "$here/fmin_runs.py" --hopt "$bin/hopt"
    ;;
*)
    echo "usage: run.sh suggest|fmin BIN" >&2
    exit 2
    ;;
esac
