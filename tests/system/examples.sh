#!/usr/bin/env bash
# The examples run from their folders, with few trials: a shell command, servers in Python, C and (if
# it is here) R, a C plugin, and digits. The plugin also by hopt-worker from a --plugin-dir.
. "$(dirname "$0")/lib.sh"
built=$bin/../examples

# example NAME FOLDER TRIALS: a run of its own study file.
example() {
    study=$1
    exits 0 "${hopt[@]}" run "$2/study.json" -j 2 --max-trials "$3"
    study_is done || fail "$1 is $(study_field state)"
    whole "$3"
    exits 0 "${hopt[@]}" best "$1" --format env
    [ -s out.txt ] || fail "$1: no best parameters"
    say "$1: $3 trials, best $("${hopt[@]}" best "$1" --json | field loss)"
}

example shell "$repo/examples/shell" 6
example python-server "$repo/examples/python-server" 12
example c-server "$built/c-server" 30
example plugin-svm "$built/plugin-svm" 6
example digits "$repo/examples/digits" 4
exits 0 "${hopt[@]}" best digits --json
holds out.txt '"extras":\{'
if command -v Rscript >/dev/null && Rscript -e 'library(jsonlite)' >/dev/null 2>&1; then
    example r-server "$repo/examples/r-server" 4
else
    say "r-server: R with jsonlite is not here"
fi

# Logs and exit codes of a few at least: nothing of the helpers' own must be in a trial's log.
exits 0 "${hopt[@]}" trials show python-server 0
lacks out.txt 'Traceback'

say "the plugin from a worker's plugin folder"
mkdir plugins && cp "$built/plugin-svm/"*.so "$built/plugin-svm/"*.libsvm plugins/
chmod -R go-w plugins
sed 's/"name": "plugin-svm"/"name": "plugged"/' "$built/plugin-svm/study.json" >study.json
study=plugged
start master "${master[@]}" study.json --set stop.max_trials=6
wait_until 10 "the master runs" has master.log 'master started'
exits 2 "${worker[@]}" study.json --plugin-dir /nowhere
chmod g+w plugins
exits 2 "${worker[@]}" study.json --plugin-dir plugins
holds err.txt 'writable'
chmod g-w plugins
start w1 "${worker[@]}" study.json --plugin-dir plugins --cwd plugins
start w2 "${worker[@]}" study.json --plugin-dir plugins --cwd plugins
wait_until 60 "the study is done" study_is done
whole 6
