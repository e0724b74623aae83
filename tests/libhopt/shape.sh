#!/usr/bin/env bash
# shape.sh SOURCE LIB [SANITIZERS]: what a host meets: libhopt.so and libhopt.a export what hopt.h
# declares and nothing else; hopt.h compiles as C99 and C++17, alone and beside hopt_plugin.h; a C++
# program runs over both libraries; the host's allocator is used for all of hopt's own memory.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source=$1 lib=$2 sanitize=${3:-}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
include=(-I"$source/common/include/hopt" -I"$source/common/plugin")
strict=(-Wall -Wextra -Wshadow -pedantic -Werror)
flags=()
[ -z "$sanitize" ] || flags=("-fsanitize=$sanitize" -g)

# ---- symbols ----
sed -nE 's/^HOPT_API .*[ *](hopt_[a-z0-9_]+)\(.*/\1/p' "$source/common/include/hopt/hopt.h" |
    sort >"$scratch/declared"
[ "$(wc -l <"$scratch/declared")" -ge 90 ] || {
    echo "the header's declarations were not read"
    exit 1
}
for file in libhopt.so.0 libhopt.a; do
    dynamic=-D
    [ "$file" = libhopt.a ] && dynamic=-g
    # A sanitizer puts a mark of its own beside each global.
    nm "$dynamic" --defined-only "$lib/$file" | awk 'NF == 3 { print $3 }' | grep -v '^__odr_asan' |
        sort >"$scratch/exported"
    diff "$scratch/declared" "$scratch/exported" || {
        echo "$file does not export just what hopt.h declares (<: declared, >: exported)"
        exit 1
    }
done
! nm "$lib/libhopt.a" | grep -E ' U uv_' || exit 1

# ---- the header ----
printf '#include <hopt.h>\n#include <hopt_plugin.h>\nint main(void) { return HOPT_OK; }\n' >"$scratch/both.c"
cp "$scratch/both.c" "$scratch/both.cc"
cc -std=c99 "${strict[@]}" "${include[@]}" -fsyntax-only "$scratch/both.c"
c++ -std=c++17 "${strict[@]}" "${include[@]}" -fsyntax-only "$scratch/both.cc"

# ---- programs ----
private=$(pkg-config --libs jansson sqlite3 "$(sed -n 's/^Requires.private: jansson sqlite3 //p' "$lib/../libhopt/hopt.pc")")
c++ -std=c++17 "${strict[@]}" "${include[@]}" "${flags[@]}" "$here/from_cpp.cc" -o "$scratch/shared" \
    -L"$lib" -lhopt -Wl,-rpath,"$lib"
"$scratch/shared"
# shellcheck disable=SC2086 # several words
c++ -std=c++17 "${strict[@]}" "${include[@]}" "${flags[@]}" "$here/from_cpp.cc" -o "$scratch/static" \
    "$lib/libhopt.a" $private -lm -pthread
"$scratch/static"
cc -std=c99 "${strict[@]}" "${include[@]}" "${flags[@]}" "$here/allocator_host.c" -o "$scratch/memory" \
    -L"$lib" -lhopt -Wl,-rpath,"$lib" -pthread
"$scratch/memory"
# shellcheck disable=SC2086 # several words
cc -std=c99 "${strict[@]}" "${include[@]}" "${flags[@]}" "$here/allocator_host.c" -o "$scratch/memory" \
    "$lib/libhopt.a" $private -lm -pthread
"$scratch/memory" "sqlite:$scratch/memory.db"

# ---- the page's own program ----
awk '/^```c$/ { inside = 1; next } /^```/ { inside = 0 } inside' "$source/docs/library.md" >"$scratch/page.c"
cc -std=c99 "${strict[@]}" "${include[@]}" "${flags[@]}" "$scratch/page.c" -o "$scratch/page" -L"$lib" \
    -lhopt -Wl,-rpath,"$lib"
"$scratch/page" >"$scratch/out" 2>"$scratch/err"
grep -qE '^x = (2\.[89]|3\.[01])[0-9]*, loss' "$scratch/out"
[ ! -s "$scratch/err" ] || {
    echo "the library printed something"
    exit 1
}
