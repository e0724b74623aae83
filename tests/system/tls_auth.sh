#!/usr/bin/env bash
# MongoDB with login and TLS: it works from end to end, whatever is wrong is one clear message with exit
# code 3 within the time-out, and the password is nowhere to be seen: no log, no message, no `ps`, not in
# the objective's environment.
. "$(dirname "$0")/lib.sh"

command -v openssl >/dev/null || fail "openssl is missing"
services=$here/../services/mongo.sh
database=${store##*/}
unset HOPT_STORE
user=hopt_$$
# Special characters, percent-encoded in a URI. The word is in both forms.
password=Sesame%@47/11 encoded=Sesame%25%4047%2F11
echo Sesame >secret

# ---- certificates ----

mkdir certs
new_key() {
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" \
        -keyout "certs/$1.key" -out "certs/$1.csr" 2>>openssl.log
}

# authority NAME
authority() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
        -subj "/CN=$1" -keyout "certs/$1.key" -out "certs/$1.crt" 2>>openssl.log || fail "openssl req"
}

# certificate NAME ALTNAMES [START END]: by the authority `ca`.
certificate() {
    new_key "$1"
    mkdir -p certs/db
    : >certs/db/index
    [ -e certs/db/serial ] || echo 01 >certs/db/serial
    printf '%s\n' '[ca]' default_ca=d '[d]' database=certs/db/index serial=certs/db/serial \
        new_certs_dir=certs/db default_md=sha256 policy=p default_days=2 '[p]' commonName=supplied \
        '[s]' "subjectAltName=$2" >certs/ca.cnf
    openssl ca -batch -config certs/ca.cnf -cert certs/ca.crt -keyfile certs/ca.key -notext \
        -in "certs/$1.csr" -out "certs/$1.crt" -extensions s ${3:+-startdate "$3" -enddate "$4"} \
        >>openssl.log 2>&1 || fail "openssl ca: $(tail -n 3 openssl.log)"
}

authority ca
authority otherca
certificate server DNS:localhost,IP:127.0.0.1
certificate othername DNS:other.example
certificate expired DNS:localhost,IP:127.0.0.1 20200101000000Z 20210101000000Z
certificate client DNS:client
cat certs/client.crt certs/client.key >certs/client.pem
echo hello >certs/nothing.pem

# ---- servers ----

names=()
# secure NAME CERTIFICATE [CA]: sets $plain and $tls.
secure() {
    local ports code
    ports=$("$services" secure "$1-$$" "$work/certs/$2.crt" "$work/certs/$2.key" ${3:+"$work/certs/$3.crt"})
    code=$?
    [ "$code" != 77 ] || skip "no server of ours with login and TLS"
    same "mongo.sh secure" 0 "$code"
    names+=("$1-$$")
    read -r plain tls <<<"$ports"
}

at_exit() {
    local name
    for name in "${names[@]}"; do "$services" secure-stop "$name"; done
}

secure right server
right_plain=$plain right_tls=$tls
secure othername othername
othername_tls=$tls
secure expired expired
expired_tls=$tls
secure client server ca
client_tls=$tls
"$services" secure-user "$user" "$password" || fail "no user"

with_ca="tls=true&tlsCAFile=$work/certs/ca.crt"
uri="mongodb://$user:$encoded@localhost:$right_tls/$database?$with_ca"

# hidden WHAT FILE...: the password is in none of them.
hidden() {
    local what=$1 found
    shift
    found=$(grep -alf secret "$@" 2>/dev/null)
    [ -z "$found" ] || fail "$what: the password is in $found: $(grep -aof secret -m1 "$found" | head -n 1)"
}

# ---- from end to end ----

say "login and TLS, from end to end"
cat >objective <<'END'
#!/bin/sh
env >"env.$HOPT_TRIAL"
cat /proc/self/cmdline /proc/$PPID/cmdline /proc/$PPID/environ >"proc.$HOPT_TRIAL"
while [ -e hold ]; do sleep 0.05; done
echo "$1"
END
chmod +x objective
write_study secret '{"command": ["./objective", "{x}"]}' '"stop": {"max_trials": 6}'
printf '# where our studies are\n\n%s\n' "$uri" >store.uri
touch hold
exits 0 "${hopt[@]}" study create study.json --store @store.uri --json
cp out.txt create.log
exits 0 "${hopt[@]}" study show secret --store "$uri" --json
cat out.txt err.txt >show.log
HOPT_STORE=$uri start master "${master[@]}" --verbose --poll 200ms
start worker "${worker[@]}" --verbose --slots 2 --store "$uri" study.json
start worker2 "${worker[@]}" --verbose --store=@store.uri study.json
start runs "${hopt[@]}" run study.json --verbose --name secret2 -s "$uri" --max-trials 2
wait_until 20 "trials run" test -e env.2
wait_until 20 "hopt run works" has runs.log 'secret2'
hidden "ps" /proc/[0-9]*/cmdline
grep -aq -- '--store' "/proc/$(pid worker)/cmdline" || fail "the command line of the worker is gone"
grep -aq ':\*\*\*@localhost' "/proc/$(pid worker)/cmdline" || fail "it does not show what was masked"
for child in $(descendants "$(pid worker)") $(descendants "$(pid worker2)") $(descendants "$(pid runs)"); do
    hidden "environment of a child" "/proc/$child/environ"
done
exits 0 "${hopt[@]}" doctor --store @store.uri
cat out.txt err.txt >doctor.log
exits 0 "${hopt[@]}" doctor --store "$uri" --json
cat out.txt err.txt >>doctor.log
rm hold
study=secret
export HOPT_STORE=$uri
wait_until 40 "the study is done" study_is done
whole 6
wait_end runs 20
same "exit code of hopt run" 0 "$code"
exits 0 "${hopt[@]}" best secret
exits 0 "${hopt[@]}" workers --json
cat out.txt err.txt >workers.log
exits 0 "${hopt[@]}" trials show secret 0
cat out.txt err.txt >trial.log
exits 0 "${hopt[@]}" export secret
cp out.txt export.log
exits 0 "${hopt[@]}" copy "$uri" sqlite:copy.db --study secret
cat out.txt err.txt >copy.log
hidden "a log" ./*.log
hidden "the objective's environment" env.* proc.*
hidden "the copy" copy.db
grep -q '^HOPT_STORE' env.* && fail "HOPT_STORE in the objective's environment"
"$bin/mongo_tool" "$store" find hopt_workers '{}' >records.log 2>&1
"$bin/mongo_tool" "$store" find hopt_studies '{}' >>records.log 2>&1
hidden "a record in the store" records.log
signal TERM worker
signal TERM worker2
signal TERM master
wait_end worker
wait_end worker2
wait_end master
unset HOPT_STORE

# Objectives have the worker's user: what it may read they may read, but not the worker itself.
say "a worker keeps its memory and environment to itself"
if grep -qE '__(asan|tsan)_init' "$bin/hopt-worker"; then
    say "sanitizers look into their own process: not tested"
elif [ "$(id -u)" != 0 ]; then
    say "not root: not tested"
else
    mkdir -m 777 nobody
    cp "$bin/hopt-worker" "$bin/hopt-runner" nobody/
    cp certs/ca.crt study.json nobody/
    chmod 755 "$work" nobody/hopt-*
    chmod 644 nobody/ca.crt nobody/study.json
    cat >nobody/objective <<'END'
#!/bin/sh
worker=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$PPID/status")
id -u >who
cat "/proc/$worker/environ" >environ 2>environ.err
head -c 100 "/proc/$worker/mem" >mem 2>mem.err
ls -l "/proc/$worker/fd" >fd 2>fd.err
echo 1
END
    chmod 755 nobody/objective
    sed -i 's/"secret"/"nobody"/; s/"max_trials": 6/"max_trials": 1/' nobody/study.json
    exits 0 "${hopt[@]}" study create nobody/study.json --store "$uri"
    HOPT_STORE=$uri start master "${master[@]}" --poll 200ms
    cd nobody || exit 2
    HOPT_STORE=${uri//"$work/certs"/"$work/nobody"} start worker setpriv --reuid=65534 --regid=65534 \
        --clear-groups ./hopt-worker --max-trials 1 study.json
    cd ..
    wait_end worker 20
    same "exit code" 0 "$code"
    same "user of the objective" 65534 "$(cat nobody/who)"
    for file in environ mem fd; do
        [ ! -s "nobody/$file" ] || fail "the objective could read the worker's $file"
        holds "nobody/$file.err" 'ermission denied'
    done
    kill_hard master
fi

# ---- what can be wrong ----

# wrong WHAT URI PATTERN: every program says it in one line.
wrong() {
    local what=$1 uri=$2 pattern=$3 program code
    say "$what"
    local programs=(list run doctor master worker)
    local began=$SECONDS
    for program in "${programs[@]}"; do
        case $program in
        list) set -- "${hopt[@]}" study list ;;
        run) set -- "${hopt[@]}" run study.json ;;
        doctor) set -- "${hopt[@]}" doctor --json ;;
        master) set -- "${master[@]}" study.json ;;
        worker) set -- "${worker[@]}" study.json ;;
        esac
        HOPT_STORE=$uri start "wrong-$program" timeout 60 "$@"
    done
    for program in "${programs[@]}"; do
        wait_end "wrong-$program" 25
        # libmongoc itself, before main, where a killed process had the same number.
        grep -v 'Falling back to malloc for counters' "wrong-$program.log" >message.txt
        rm "wrong-$program.log"
        same "$what: exit code of $program: $(head -c 500 message.txt)" 3 "$code"
        same "$what: lines of $program: $(cat message.txt)" 1 "$(wc -l <message.txt)"
        has message.txt "$pattern" || fail "$what: $program: no \"$pattern\" in: $(cat message.txt)"
        hidden "$what: message of $program" message.txt
    done
    printf '         %s\n' "$(cat message.txt)"
}

at=localhost
login=mongodb://$user:$encoded
wrong "a wrong password" "mongodb://$user:Sesame1@$at:$right_tls/$database?$with_ca" 'refuses the login: .*look at user, password and authSource'
wrong "an unknown user" "mongodb://nobody:Sesame1@$at:$right_tls/$database?$with_ca" 'refuses the login: .*look at user, password'
wrong "no login" "mongodb://$at:$right_tls/$database?$with_ca" 'refuses the login: .*put user and password into'
wrong "a login over the plain port" "mongodb://$user:Sesame1@$at:$right_plain/$database" 'refuses the login: '
wrong "another CA" "$login@$at:$right_tls/$database?tls=true&tlsCAFile=$work/certs/otherca.crt" 'no TLS connection.*not from the CA of tlsCAFile'
wrong "no CA" "$login@$at:$right_tls/$database?tls=true" 'no TLS connection.*not from the CA of tlsCAFile'
wrong "a missing CA file" "$login@$at:$right_tls/$database?tls=true&tlsCAFile=$work/certs/absent.crt" 'tlsCAFile of the MongoDB URI: .*absent.crt: No such file'
wrong "a CA file that is none" "$login@$at:$right_tls/$database?tls=true&tlsCAFile=$work/certs/nothing.pem" 'tlsCAFile.*nothing.pem: holds no CERTIFICATE'
wrong "another host's certificate" "$login@$at:$othername_tls/$database?$with_ca" 'no TLS connection.*hostname mismatch.*for other names than the host'
wrong "another address's certificate" "$login@127.0.0.1:$othername_tls/$database?$with_ca" 'no TLS connection.*mismatch.*for other names than the host'
wrong "an expired certificate" "$login@$at:$expired_tls/$database?$with_ca" 'no TLS connection.*expired.*renewed'
wrong "no TLS to the TLS port" "$login@$at:$right_tls/$database" 'does the server want TLS.*tls=true'
wrong "TLS to the plain port" "$login@$at:$right_plain/$database?$with_ca" 'leave out tls=true'
wrong "no client certificate where one is asked for" "$login@$at:$client_tls/$database?$with_ca" 'client certificate .tlsCertificateKeyFile'
wrong "a client certificate without its key" "$login@$at:$client_tls/$database?$with_ca&tlsCertificateKeyFile=$work/certs/client.crt" 'holds no PRIVATE KEY'
wrong "nobody there" "$login@$at:9/$database?$with_ca" 'is a server there'
say "the client certificate that is asked for"
HOPT_STORE="$login@$at:$client_tls/$database?$with_ca&tlsCertificateKeyFile=$work/certs/client.pem" exits 0 "${hopt[@]}" study list

say "files with the URI"
# bad_file NAME PATTERN
bad_file() {
    exits 2 "${hopt[@]}" study list --store "@$1"
    holds err.txt "$2"
    hidden "message" err.txt
    exits 2 "${worker[@]}" --store "@$1" study.json
    holds err.txt "$2"
    exits 2 "${master[@]}" --store "@$1"
    holds err.txt "$2"
}
bad_file absent 'absent: No such file'
printf '# only this\n' >empty
bad_file empty 'no line with the store'
printf '%s\n%s\n' "$uri" "$uri" >two
bad_file two 'more than one line'
printf 'Sesame\n' >word
bad_file word 'store URI: write'
exits 0 "${hopt[@]}" study list --store @<(echo "$uri")
say "an option that is not known"
HOPT_STORE="$uri&tlsCaFiles=x" exits 0 "${hopt[@]}" study list
holds err.txt 'tlscafiles.*ignored'
