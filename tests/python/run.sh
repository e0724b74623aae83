#!/usr/bin/env bash
# run.sh CASE BUILD: the tests of the Python package over BUILD/lib/libhopt.so. Cases:
#
#   package   spaces, fmin, trials in a SQLite file, Study, what docs/python.md shows; with numpy
#   plain     most of it without numpy, which the package does not need
#   mongo     trials in a MongoDB ($HOPT_TEST_MONGO_URI)
#   domains   hyperopt's test domains, to its pass marks
#   hyperopt  real hyperopt beside it: the same trials
#   install   pip installs it; the library is found, or its absence told
#   examples  examples/fmin-python, each part
#
# Python is /usr/bin/python3 ($HOPT_PYTHON), but for `hyperopt`: that has a virtual environment in the
# cache. A skip (77) says why.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../.." && pwd)
case=$1
build=$(cd "$2" && pwd)
python=${HOPT_PYTHON:-/usr/bin/python3}

export HOPT_LIBRARY=$build/lib HOPT_BIN=$build/bin PYTHONPATH=$repo/bindings/python
export PYTHONDONTWRITEBYTECODE=1 LC_ALL=C.UTF-8 MPLBACKEND=Agg MONGOC_DISABLE_SHM=1
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
unset HOPT_STORE HYPEROPT_FMIN_SEED

# Python itself is not built with the sanitizer, so its runtime must be there before; and the C++ library
# with it, for the exceptions of Python's extensions. What Python and numpy keep to their end is no leak
# of ours.
preload=()
if ldd "$build/lib/libhopt.so" | grep libasan >/dev/null; then
    preload=(env "LD_PRELOAD=$(gcc -print-file-name=libasan.so) libstdc++.so.6"
        "ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0")
fi

py() {
    "${preload[@]}" "$python" "$@"
}

cd "$here"
case $case in
package)
    py -m unittest test_space test_fmin test_store
    py docs.py
    ;;
plain)
    # -S: without the folders where numpy is.
    py -S -m unittest test_space test_fmin test_store.AskAndTell
    ;;
mongo)
    if [ -z "${HOPT_TEST_MONGO_URI:-}" ]; then
        [ "${HOPT_TEST_MONGO:-}" != skip ] || { echo "skipped: HOPT_TEST_MONGO=skip" && exit 77; }
        echo "HOPT_TEST_MONGO_URI is not set: tests/services/mongo.sh run ctest ..."
        exit 1
    fi
    export HOPT_TEST_STORE="${HOPT_TEST_MONGO_URI%/}/hopt_python_$$"
    py -m unittest test_store
    ;;
domains)
    py domains.py --seeds 3
    ;;
hyperopt)
    venv=$("$repo/tests/interop/hyperopt_venv.sh")
    python=$venv/bin/python
    py parity.py
    ;;
install)
    . "$here/install.sh"
    ;;
examples)
    cd "$repo/examples/fmin-python"
    for part in part*.py; do
        echo "== $part"
        py "$part"
    done
    ;;
*)
    echo "usage: run.sh package|plain|mongo|domains|hyperopt|install|examples BUILD" >&2
    exit 2
    ;;
esac
