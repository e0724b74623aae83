#!/usr/bin/env bash
# Makes, the first time, the virtual environment for the tests against Python's MongoTrials in the
# cache ($HOPT_CACHE, else .cache) and prints its path. hyperopt 0.3.0 works with pymongo 3 only.
# Exit 77, with the reason on standard error, when it can't be made.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${HOPT_CACHE:-$here/../../.cache}
venv=$cache/venv-hyperopt-mongo
python=${HOPT_PYTHON:-/usr/bin/python3}

works() {
    "$venv/bin/python" -c 'import hyperopt.mongoexp, pymongo, scipy' 2>/dev/null
}

mkdir -p "$cache"
exec 9>"$venv.lock"
flock 9 # tests run side by side
if ! works; then
    if ! { "$python" -m venv "$venv" &&
        "$venv/bin/pip" install -q 'hyperopt==0.3.0' 'pymongo<4' 'setuptools<81' numpy scipy; } >&2 ||
        ! works; then
        echo "skipped: no virtual environment with hyperopt and pymongo could be made in $venv" >&2
        exit 77
    fi
fi
cd "$venv"
pwd
