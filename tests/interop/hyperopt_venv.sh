#!/usr/bin/env bash
# Makes, the first time, the virtual environment with hyperopt 0.3.0, pymongo 3 and matplotlib in the
# cache ($HOPT_CACHE, else .cache) and prints its path. Exit 77, with the reason on standard error, when
# it can't be made.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${HOPT_CACHE:-$here/../../.cache}
venv=$cache/python-hyperopt-interop-1
python=${HOPT_PYTHON:-/usr/bin/python3}

mkdir -p "$cache"
exec 9>"$cache/python-hyperopt-interop.lock"
flock 9 # tests run side by side
if [ ! -e "$venv/complete" ]; then
    rm -rf "$venv"
    # hyperopt's Mongo mode can't run with a newer pymongo.
    if ! { "$python" -m venv "$venv" &&
        "$venv/bin/pip" install --quiet --disable-pip-version-check 'hyperopt==0.3.0' 'pymongo<4' \
            'setuptools<81' numpy scipy matplotlib networkx; } >&2; then
        echo "skipped: no virtual environment with hyperopt could be made in $venv" >&2
        exit 77
    fi
    touch "$venv/complete"
fi
cd "$venv"
pwd
