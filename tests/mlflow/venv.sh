#!/usr/bin/env bash
# Makes, the first time, the virtual environment with an MLflow tracking server in the cache
# ($HOPT_CACHE, else .cache) and prints its path: mlflow-skinny with what its server needs, which is
# 30 s and 360 MB where the whole mlflow is 120 s and 850 MB. Exit 77, with the reason on standard
# error, when it can't be made.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${HOPT_CACHE:-$here/../../.cache}
venv=$cache/venv-mlflow
python=${HOPT_PYTHON:-/usr/bin/python3}
version=3.17.2

works() {
    "$venv/bin/python" -c "
import alembic, flask, flask_cors, graphene, pandas, sqlalchemy, uvicorn, mlflow.server.fastapi_app
assert mlflow.__version__ == '$version'" 2>/dev/null
}

mkdir -p "$cache"
exec 9>"$venv.lock"
flock 9 # tests run side by side
if ! [ -e "$venv/.made-$version" ]; then
    if ! { "$python" -m venv "$venv" &&
        "$venv/bin/pip" install -q "mlflow-skinny==$version" Flask Flask-CORS SQLAlchemy alembic \
            graphene pandas gunicorn docker cryptography huey aiohttp; } >&2 || ! works; then
        echo "skipped: no virtual environment with MLflow could be made in $venv" >&2
        exit 77
    fi
    touch "$venv/.made-$version"
fi
cd "$venv"
pwd
