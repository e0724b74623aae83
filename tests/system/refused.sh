#!/usr/bin/env bash
# Who can write to the store does not thereby run code: a study or trial in it that names something the
# worker's operator did not give is refused, its trial ends in error with that reason, and nothing of it
# runs. Plugins come from where nobody else could put one. Nobody evaluates as root unawares.
. "$(dirname "$0")/lib.sh"

# edit_study NAME OLD NEW: the study's text in the store, changed behind hopt's back.
edit_study() {
    local text
    if [ "$kind" = sqlite ]; then
        sqlite3 store.db "update study set doc=json_set(doc,'\$.spec',replace(json_extract(doc,'\$.spec'),'$2','$3')) where name='$1';"
    else
        text=$("$bin/mongo_tool" "$store" find hopt_studies "{\"_id\": \"$1\"}" |
            grep -oE '"spec" : "([^"\\]|\\.)*"')
        text=${text#*: \"} text=${text%\"}
        [ -n "$text" ] || fail "no text of study $1"
        same "documents changed" 1 "$("$bin/mongo_tool" "$store" update hopt_studies "{\"_id\": \"$1\"}" \
            "{\"\$set\": {\"spec\": \"${text//"$2"/"$3"}\"}}")"
    fi
}

# edit_cmd STUDY WORD: misc.cmd of its trials.
edit_cmd() {
    if [ "$kind" = sqlite ]; then
        sqlite3 store.db "update trial set doc=json_set(doc,'\$.cmd','$2') where study='$1';"
    else
        "$bin/mongo_tool" "$store" update jobs "{\"exp_key\": \"$1\"}" "{\"\$set\": {\"misc.cmd.1\": \"$2\"}}" >out.txt
    fi
}

error_of() {
    "${hopt[@]}" trials list "$study" --json --limit 0 --after -1 | grep "^{\"num\":$1,"
}

ended() {
    case $(trial_state "$1" 2>/dev/null) in
    done | error | cancel) return 0 ;;
    *) return 1 ;;
    esac
}

# refused NUM PATTERN
refused() {
    wait_until 20 "trial $1 of $study has ended" ended "$1"
    same "state of trial $1 of $study" error "$(trial_state "$1")"
    error_of "$1" >error.txt
    holds error.txt "$2"
    has error.txt 'refused, not run' || fail "$(cat error.txt)"
}

printf '#!/bin/sh\necho "$HOPT_STUDY $HOPT_TRIAL" >>%s/ran\necho 1\n' "$work" >good
printf '#!/bin/sh\necho "$HOPT_STUDY $HOPT_TRIAL" >>%s/evil-ran\necho 1\n' "$work" >evil
chmod +x good evil
cp "$(dirname "$bin")/tests/worker/plugins/all.so" good.so
one='"stop": {"max_trials": 3}, "queue": {"ahead": 0}'

say "the store's study names another command from the start"
write_study other '{"command": ["./evil", "{x}"]}' "$one"
exits 0 "${hopt[@]}" study create study.json
write_study other '{"command": ["./good", "{x}"]}' "$one"
cp study.json other.json
start master "${master[@]}" --poll 200ms
start worker "${worker[@]}" --max-failures 0 other.json
refused 0 'names the command \[.*evil.*this worker was given the command \[.*good'
kill_hard worker

say "the study's document is edited while a worker is at work"
write_study edited '{"command": ["./good", "{x}"]}' '"stop": {"max_trials": 4}, "queue": {"ahead": 0}'
exits 0 "${hopt[@]}" study create study.json
cp study.json edited.json
: >hold
printf '#!/bin/sh\necho "$HOPT_STUDY $HOPT_TRIAL" >>%s/ran\nwhile [ "$HOPT_TRIAL" = 1 ] && [ -e %s/hold ]; do sleep 0.05; done\necho 1\n' "$work" "$work" >good
start worker "${worker[@]}" --max-failures 0 edited.json
wait_until 20 "trial 1 runs" has ran '^edited 1$'
edit_study edited ./good ./evil
sleep 7 # a study's state may be 5 s old to a worker, and a machine be slow
rm hold
wait_until 10 "trial 1 is done as it was begun" trial_is 1 done
refused 2 'names the command \[.*evil'
refused 3 'names the command \[.*evil'
kill_hard worker

say "plugins: another one, a way out of the folder, an absolute path"
for name in ../evil.so /etc/evil.so evil.so; do
    write_study "p${name//[^a-z]/_}" "{\"plugin\": \"good.so\"}" '"stop": {"max_trials": 1}'
    exits 0 "${hopt[@]}" study create study.json
    edit_study "$study" good.so "$name"
    start worker "${worker[@]}" --max-failures 0 study.json
    refused 0 "names the plugin \[.*evil.so"
    kill_hard worker
done
say "a server where a plugin was"
write_study became '{"server": ["./evil"]}' '"stop": {"max_trials": 1}'
exits 0 "${hopt[@]}" study create study.json
write_study became '{"plugin": "good.so"}' '"stop": {"max_trials": 1}'
start worker "${worker[@]}" --max-failures 0 study.json
refused 0 'names the server \[.*evil.*given the plugin'
kill_hard worker

say "a trial's document names something"
write_study trialdoc '{"command": ["./good", "{x}"]}' '"stop": {"max_trials": 1}'
exits 0 "${hopt[@]}" study create study.json
wait_until 10 "a trial is queued" trial_is 0 new
edit_cmd trialdoc ../evil.so
start worker "${worker[@]}" --max-failures 0 study.json
refused 0 'names .*evil.so.*misc.cmd'
kill_hard worker

say "studies that a worker was not started for are left alone"
write_study alone '{"command": ["./evil"]}' '"stop": {"max_trials": 1}'
exits 0 "${hopt[@]}" study create study.json
wait_until 10 "its trial is queued" trial_is 0 new
exits 0 "${worker[@]}" --idle-timeout 1s other.json
same "its trial" new "$(trial_state 0)"

[ ! -e evil-ran ] || fail "it ran: $(cat evil-ran)"
[ -z "$(grep -v '^edited [01]$' ran)" ] || fail "these ran: $(cat ran)"

say "plugins that somebody else could have put there"
write_study plugin '{"plugin": "good.so"}' '"stop": {"max_trials": 1}'
exits 0 "${hopt[@]}" study create study.json
# plugin_refused WHAT PATTERN: from the folder `plugins`.
plugin_refused() {
    exits 2 "${worker[@]}" --plugin-dir "${3:-plugins}" study.json
    has err.txt "$2" || fail "$1: $(cat err.txt)"
    holds err.txt 'not loaded|plain file name'
}
mkdir plugins
cp good.so plugins/
chmod g+w plugins
plugin_refused "a folder that a group may write to" 'writable by group'
chmod g-w plugins
chmod o+w plugins/good.so
plugin_refused "a file that others may write to" 'writable by group or others'
chmod o-w plugins/good.so
mkdir elsewhere
mv plugins/good.so elsewhere/
ln -s ../elsewhere/good.so plugins/good.so
plugin_refused "a link out of the folder" 'link out of its folder'
rm plugins/good.so
mkdir -m 777 open
cp -r plugins open/plugins
cp elsewhere/good.so open/plugins/
plugin_refused "others may write above it" 'may write to .*/open above' open/plugins
if [ "$(id -u)" = 0 ]; then
    cp elsewhere/good.so plugins/
    chown 65534 plugins/good.so
    plugin_refused "another user's file" 'owned by neither root nor this user'
    chown 0 plugins/good.so
    chown 65534 plugins
    plugin_refused "another user's folder" 'owned by neither root nor this user'
    chown 0 plugins
    rm plugins/good.so
fi
cp elsewhere/good.so plugins/real.so
ln -s real.so plugins/good.so
start worker "${worker[@]}" --plugin-dir plugins study.json
wait_until 20 "a link within the folder is fine" study_is done
kill_hard worker
sed 's/good.so/..\/good.so/' study.json >out.json
exits 2 "${worker[@]}" out.json
holds err.txt 'plain file name'

say "--allow-any-command runs what the store names, but no plugin from elsewhere"
write_study any '{"command": ["./good"]}' '"stop": {"max_trials": 1}'
exits 0 "${hopt[@]}" study create study.json
write_study anyplugin '{"plugin": "../evil.so"}' '"stop": {"max_trials": 1}'
exits 0 "${hopt[@]}" study create study.json
write_study asked '{"command": ["./good"]}'
sed -i '/"objective"/d' study.json
exits 0 "${hopt[@]}" study create study.json
start worker "${worker[@]}" --max-failures 0 --allow-any-command
study=any
wait_until 20 "it runs what the store names" study_is done
whole 1
study=anyplugin
refused 0 'plain file name'
kill_hard worker

say "as root"
exits 2 "$bin/hopt-worker"
if [ "$(id -u)" = 0 ]; then
    exits 2 "$bin/hopt-worker" edited.json
    holds err.txt 'not run as root.*--allow-root'
    exits 2 "$bin/hopt-worker" --allow-any-command
    holds err.txt 'not run as root.*--allow-root'
else
    say "not root: only the worker without --allow-root is tried"
    exits 0 "$bin/hopt-worker" --idle-timeout 0.5s edited.json
fi
