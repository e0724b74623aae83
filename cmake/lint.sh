#!/usr/bin/env bash
# Format and static checks over every tracked file: lint.sh [FILE.c...] (only those in clang-tidy).
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2
jobs=${HOPT_JOBS:-$(nproc)}
failed=0

echo "clang-format"
git ls-files -z '*.c' '*.h' | xargs -0 clang-format --dry-run -Werror || failed=1

echo "shellcheck"
# Sourced files are read with those that source them. SC1010: "done" is a state of trials here.
# SC1007: an empty variable for one command. SC2034: variables of a file that is sourced.
git grep -lzE '^#!.*[/ ](ba)?sh$' -- ':!*.md' ':!*.c' |
    xargs -0 shellcheck -x -P SCRIPTDIR --severity=warning --exclude=SC1010,SC1007,SC2034 || failed=1

echo "clang-tidy, $jobs at a time"
cmake --preset debug >/dev/null || exit 1
# Only what is compiled has flags that clang-tidy can use.
compiled() {
    sed -n 's/^ *"file": "\(.*\)",\{0,1\}$/\1/p' build-debug/compile_commands.json |
        sed "s|^$PWD/||" | sort -u
}
if [ $# -gt 0 ]; then
    printf '%s\n' "$@"
else
    compiled | grep -Fxf <(git ls-files '*.c')
fi | tr '\n' '\0' |
    xargs -0 -n 1 -P "$jobs" clang-tidy -p build-debug --quiet --warnings-as-errors='*' 2>/dev/null ||
    failed=1

[ "$failed" = 0 ] && echo "lint: clean"
exit "$failed"
