#!/bin/sh
# manual_test.sh BIN MAN: the manual pages are well formed, and say everything that --help says.
set -u
bin=$1 man=$2 failed=0
fail() { echo "FAIL: $*"; failed=1; }

# Every command that has no subcommands, as "words of the command".
commands() {
    "$bin/hopt" help "$@" | sed -n '/^Commands:/,/^$/p' | sed -n 's/^  \([a-z]*\) .*/\1/p'
}
pages() {
    for top in $(commands); do
        sub=$(commands "$top")
        [ -z "$sub" ] && echo "hopt $top"
        for word in $sub; do echo "hopt $top $word"; done
    done
    echo hopt-master
    echo hopt-worker
}

count=0
pages > "${TMPDIR:-/tmp}/pages.$$"
while read -r command; do
    count=$((count + 1))
    section=1
    case $command in hopt-*) section=8 ;; esac
    page="$man/$(echo "$command" | tr ' ' '-').$section"
    [ -f "$page" ] || { fail "$command has no page"; continue; }
    # shellcheck disable=SC2086
    set -- $command
    program=$1
    shift
    "$bin/$program" "$@" --help > "${TMPDIR:-/tmp}/help.$$" || fail "$command --help failed"
    for option in $(sed -n 's/^  \(-[a-zA-Z],\|   \) --\([a-z-]*\).*/\2/p' "${TMPDIR:-/tmp}/help.$$"); do
        grep -q "Fl Fl $option" "$page" || fail "$page does not say --$option"
        grep -q -e "--$option" "$man/hopt.bash" || fail "the completion does not know --$option"
    done
    grep -q 'Fl Fl help' "$page" || fail "$page says nothing of --help"
done < "${TMPDIR:-/tmp}/pages.$$"
rm -f "${TMPDIR:-/tmp}/pages.$$" "${TMPDIR:-/tmp}/help.$$"
[ "$count" -ge 25 ] || fail "only $count commands were found"

# The pages of the library say every function of its header.
header=$(dirname "$0")/../../common/include/hopt/hopt.h
functions=0
for name in $(sed -n 's/^HOPT_API .*[ *]\(hopt_[a-z0-9_]*\)(.*/\1/p' "$header"); do
    functions=$((functions + 1))
    [ "$name" = hopt_version ] || grep -q "$name(" "$man"/*.3 || fail "no page says $name()"
done
[ "$functions" -ge 90 ] || fail "only $functions functions were found in hopt.h"

if command -v mandoc > /dev/null; then
    for page in "$man"/*.[13578]; do
        out=$(mandoc -T lint -W warning "$page") || fail "$out"
        mandoc -T utf8 "$page" > /dev/null || fail "$page can't be formatted"
    done
else
    echo "mandoc is not installed: the pages' form is not checked"
fi

# The completion is bash, and completes.
bash -n "$man/hopt.bash" || fail "hopt.bash is no bash"
complete_words() {
    bash -c '. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _hopt; printf "%s\n" "${COMPREPLY[@]}"' \
        "$man/hopt.bash" "$@"
}
[ "$(complete_words hopt stu)" = study ] || fail "hopt stu<TAB>"
complete_words hopt study '' | grep -qx resume || fail "hopt study <TAB>"
complete_words hopt run --max | grep -qx -e --max-trials || fail "hopt run --max<TAB>"
[ "$(complete_words hopt best --format j)" = json ] || fail "hopt best --format j<TAB>"
complete_words hopt-worker --idl | grep -qx -e --idle-timeout || fail "hopt-worker --idl<TAB>"
exit $failed
