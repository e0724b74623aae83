#!/usr/bin/env bash
# run.sh reads|workers|leaving|page BIN: the programs in BIN and Python's hyperopt 0.3.0 on one MongoDB.
# The first time a virtual environment with hyperopt is made in the cache ($HOPT_CACHE, else .cache).
# A skip (77) says why. INTEROP_PLOTS=FOLDER keeps the plots that `reads` draws.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
part=$1
bin=$(cd "$2" && pwd)
cache=${HOPT_CACHE:-$here/../../.cache}
venv=$cache/python-hyperopt-interop-1
python=${HOPT_PYTHON:-/usr/bin/python3}

if [ -z "${HOPT_TEST_MONGO_URI:-}" ]; then
    if [ "${HOPT_TEST_MONGO:-}" = skip ]; then
        echo "skipped: HOPT_TEST_MONGO=skip"
        exit 77
    fi
    echo "HOPT_TEST_MONGO_URI is not set: tests/services/mongo.sh run ctest ..."
    exit 1
fi

mkdir -p "$cache"
exec 9>"$cache/python-hyperopt-interop.lock"
flock 9
if [ ! -e "$venv/complete" ]; then
    rm -rf "$venv"
    # hyperopt's Mongo mode can't run with a newer pymongo.
    if ! { "$python" -m venv "$venv" &&
        "$venv/bin/pip" install --quiet --disable-pip-version-check 'hyperopt==0.3.0' 'pymongo<4' \
            'setuptools<81' numpy scipy matplotlib networkx; }; then
        echo "skipped: no virtual environment with hyperopt could be made in $venv"
        exit 77
    fi
    touch "$venv/complete"
fi
flock -u 9

export MPLBACKEND=Agg PYTHONDONTWRITEBYTECODE=1 LC_ALL=C.UTF-8
unset HOPT_STORE HYPEROPT_FMIN_SEED
exec "$venv/bin/python" "$here/$part.py" "$bin"
