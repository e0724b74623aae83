# shellcheck shell=bash
# Sourced by run.sh: the package as users install it.
: "${repo:?}" "${build:?}"
work=$(mktemp -d "${TMPDIR:-/tmp}/hopt-pip.XXXXXX")
trap 'rm -rf "$work"' EXIT
unset PYTHONPATH HOPT_LIBRARY
program='from hopt import fmin, hp; print(fmin(abs, hp.uniform("x", -1, 1), max_evals=20, rstate=1, verbose=False))'

"$python" -m venv "$work/venv"
# The source is copied: pip builds in it.
cp -r "$repo/bindings/python" "$work/source"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "$work/source"
python=$work/venv/bin/python
cd "$work" || exit

check() {
    echo "ok: $1"
}

# Without the library it can be imported, and says what to do when it is needed.
if [ ! -e /usr/local/lib/libhopt.so.0 ] && ! ldconfig -p | grep libhopt.so.0 >/dev/null; then
    if py -c "$program" 2>err.txt; then
        echo "it ran without its library"
        exit 1
    fi
    grep -q 'set HOPT_LIBRARY to the file libhopt.so' err.txt
    check "the library is missing, and it says so"
fi
HOPT_LIBRARY=/nowhere/libhopt.so py -c "$program" 2>err.txt && exit 1
grep -q "can't load it: /nowhere/libhopt.so" err.txt
check "HOPT_LIBRARY names no library, and it says so"

HOPT_LIBRARY=$build/lib py -c "$program"
HOPT_LIBRARY=$build/lib/libhopt.so py -c "$program"
check "found by HOPT_LIBRARY, a folder or the file"
(export LD_LIBRARY_PATH=$build/lib && py -c "$program")
check "found by the system's loader"
package=$(py -c 'import hopt, os; print(os.path.dirname(hopt.__file__))')
cp -L "$build/lib/libhopt.so.0" "$package/"
py -c "$program"
check "found beside the package"
