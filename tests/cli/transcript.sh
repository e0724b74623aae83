#!/bin/sh
# transcript.sh BIN FILE.t: run the commands of a transcript in an empty folder and compare what
# they print. In the file
#     $ command        is run by sh (everything up to the next such line is what it printed)
#     > text           goes on with the command
#     ! text           a line of standard error; lines of standard output stand as they are
#     [2]              its exit code, unless 0
#     # text           a remark
# What differs from run to run is replaced: owners by OWNER, times by TIME, durations (of any unit: a
# machine may be slow) by N ms.
# UPDATE=1 writes what was printed into the file instead.
set -u
bin=$1 file=$(realpath "$2")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir "$work/home"
cd "$work/home" || exit 1
PATH=$bin:$PATH LC_ALL=C.UTF-8 HOPT_TRANSCRIPTS=$(dirname "$file")
export PATH LC_ALL HOPT_TRANSCRIPTS
unset HOPT_STORE
# libmongoc warns when a killed process left its counters under our process number.
MONGOC_DISABLE_SHM=1
export MONGOC_DISABLE_SHM

normal() {
    sed -E -e 's/(ask:)?[A-Za-z0-9._-]+:[0-9]+:[0-9a-f]{8}/\1OWNER/g' \
        -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z/TIME/g' \
        -e 's/"(ms|active_ms|age_ms)":[0-9]+/"\1":N/g' \
        -e 's/(TIME),[0-9]+,/\1,N,/g' \
        -e 's/\b([0-9]+ ms|[0-9]+\.[0-9]+ m?s|[0-9]+m [0-9]{2}s)\b/N ms/g' \
        -e 's/\b[0-9]+\.[0-9]+ (GB|MB)\b/N \1/g' \
        -e "s|$work/home|HOME|g; s|$HOPT_TRANSCRIPTS|FOLDER|g"
}
run() {
    [ -z "$command" ] && return
    printf '%s\n' "$shown"
    sh -c "$command" > "$work/out" 2> "$work/err" < /dev/null
    code=$?
    normal < "$work/out"
    normal < "$work/err" | sed 's/^/! /; s/ *$//'
    [ $code -ne 0 ] && echo "[$code]"
    command=
}
newline='
'
command= shown=
while IFS= read -r line || [ -n "$line" ]; do
    case $line in
    '$ '*) run; command=${line#??} shown=$line ;;
    '> '*) command=$command$newline${line#??} shown=$shown$newline$line ;;
    '#'*) run; printf '%s\n' "$line" ;;
    esac
done < "$file" > "$work/actual"
# The loop's last command runs here, in the same redirection's file.
run >> "$work/actual"
if [ -n "${UPDATE:-}" ]; then
    cp "$work/actual" "$file"
elif ! diff -u "$file" "$work/actual"; then
    echo "FAIL: $file differs; UPDATE=1 takes the new output"
    exit 1
fi
