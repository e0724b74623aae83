#!/usr/bin/env bash
# Our Cholesky beside those of LAPACK that are installed (Debian's libopenblas0-serial, liblapack3), and OpenBLAS as it
# would be on another processor: its factor has other bits there.
set -euo pipefail
bin=${HOPT_BIN:-build-bench/bin}
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
libraries=()
for file in /usr/lib/*/openblas-serial/libopenblas.so.0 /usr/lib/*/openblas-pthread/libopenblas.so.0 \
    /usr/lib/*/lapack/liblapack.so.3; do
    [ ! -e "$file" ] || libraries+=("$file")
done
"$bin/bench_cholesky" "${libraries[@]}"
if [ "$(uname -m)" = x86_64 ] && [ ${#libraries[@]} -gt 0 ]; then
    echo "with OPENBLAS_CORETYPE=Prescott:"
    OPENBLAS_CORETYPE=Prescott "$bin/bench_cholesky" "${libraries[@]}"
fi
