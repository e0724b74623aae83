#!/usr/bin/env bash
# run.sh reads|workers|leaving|page BIN: the programs in BIN and Python's hyperopt 0.3.0 on one MongoDB.
# The first time a virtual environment with hyperopt is made in the cache ($HOPT_CACHE, else .cache).
# A skip (77) says why. INTEROP_PLOTS=FOLDER keeps the plots that `reads` draws.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
part=$1
bin=$(cd "$2" && pwd)

if [ -z "${HOPT_TEST_MONGO_URI:-}" ]; then
    if [ "${HOPT_TEST_MONGO:-}" = skip ]; then
        echo "skipped: HOPT_TEST_MONGO=skip"
        exit 77
    fi
    echo "HOPT_TEST_MONGO_URI is not set: tests/services/mongo.sh run ctest ..."
    exit 1
fi

venv=$("$here/hyperopt_venv.sh")

export MPLBACKEND=Agg PYTHONDONTWRITEBYTECODE=1 LC_ALL=C.UTF-8
unset HOPT_STORE HYPEROPT_FMIN_SEED
exec "$venv/bin/python" "$here/$part.py" "$bin"
