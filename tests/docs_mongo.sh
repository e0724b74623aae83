#!/usr/bin/env bash
# docs_mongo.sh BIN: docs_mongo.py with a Python that has pymongo and hyperopt, from PyPI, kept in the
# cache folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ -z "${HOPT_TEST_MONGO_URI:-}" ]; then
    if [ "${HOPT_TEST_MONGO:-}" = skip ]; then
        echo "SKIP: HOPT_TEST_MONGO=skip"
        exit 77
    fi
    echo "HOPT_TEST_MONGO_URI is not set: tests/services/mongo.sh run ..."
    exit 1
fi
tools=${HOPT_CACHE:-$PWD/.cache}/python-hyperopt-1
if [ ! -e "$tools/complete" ]; then
    rm -rf "$tools"
    "${HOPT_PYTHON:-/usr/bin/python3}" -m venv "$tools"
    # hyperopt's Mongo mode cannot run with a newer pymongo.
    "$tools/bin/pip" install --quiet --disable-pip-version-check hyperopt==0.3.0 'pymongo<4' 'setuptools<81'
    touch "$tools/complete"
fi
"$tools/bin/python" tests/docs_mongo.py "$1"
