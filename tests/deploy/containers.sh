#!/usr/bin/env bash
# containers.sh mongo: docker-compose.yml as it is shipped, in a real docker engine, with images built
# from this tree. Only mongod is another one: the tests' own MongoDB, through a relay on the
# containers' bridge. kill -9, scaling, stop in mid-trial, a second master, and no password anywhere.
. "$(dirname "$0")/../system/lib.sh"
# shellcheck source=rootfs.sh
. "$repo/tests/deploy/rootfs.sh"
# shellcheck source=engine.sh
. "$repo/tests/deploy/engine.sh"
deploy_needs debootstrap dockerd docker-compose openssl
unshare --mount --net --pid --fork true 2>/dev/null || skip "this kernel gives no namespaces"

project=hopt$$
gateway=
at_exit() {
    if [ -n "${engine_pid:-}" ]; then
        compose down -v --remove-orphans -t 5 >/dev/null 2>&1
        docker network rm "$project" >/dev/null 2>&1
    fi
    engine_stop
    [ -z "$gateway" ] || "$here/../services/mongo.sh" secure-stop "$gateway"
}
compose() {
    docker-compose -p "$project" -f "$repo/docker-compose.yml" -f "$work/override.yml" "$@" </dev/null
}
# What the containers said, where a failure shows it.
eval "$(declare -f fail | sed '1s/fail/fail_now/')"
fail() {
    [ ! -e "$work/override.yml" ] || {
        compose ps
        compose logs --no-color
    } >"$work/containers.log" 2>&1
    fail_now "$@"
}

# ---- images ----

engine_images
say "docker $(docker version -f '{{.Server.Version}}'): images master and worker are built"
for target in master worker; do
    same "user of $target" 10001:10001 "$(docker image inspect -f '{{.Config.User}}' "hopt-$target")"
done
docker run --rm --network none hopt-worker sh -c 'command -v gcc cmake make' >"$work/tools.txt"
same "compilers in the image" "" "$(cat tools.txt)"
exits 2 docker run --rm --network none -e HOPT_STORE=@/none hopt-master
holds err.txt '/none: No such file'

# ---- the store ----

docker network create "$project" >/dev/null || fail "no network"
bridge=$(docker network inspect -f '{{(index .IPAM.Config 0).Gateway}}' "$project")
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=mongo \
    -keyout key.pem -out crt.pem 2>/dev/null || fail "openssl"
services_sh=$here/../services/mongo.sh
password=Sesame$$x
login=
# A gateway of the stand-in that wants a login; a server of somebody else's is taken as it is.
if ports=$("$services_sh" secure "containers-$$" "$work/crt.pem" "$work/key.pem"); then
    gateway=containers-$$
    mongo_port=${ports% *}
    "$services_sh" secure-user "$project" "$password" || fail "no user"
    login=$project:$password@
    say "the store wants a login"
else
    mongo_port=${HOPT_TEST_MONGO_URI%/} mongo_port=${mongo_port##*:}
    say "the store is a server of somebody else's, without a login"
fi
start relay /usr/bin/python3 "$repo/tests/deploy/relay.py" "$bridge" "$mongo_port" "$work/relay-port"
wait_until 60 "the relay listens" test -s relay-port

# ---- the study and what differs from the shipped file ----

write_study containers '{"command": ["./obj", "{x}"]}' \
    '"stop": {"max_trials": 100}, "trial": {"lease_s": 4, "max_attempts": 3}'
mkdir study secrets
mv study.json study/
cat >study/obj <<'END'
#!/bin/sh
me=$HOPT_TRIAL.$HOPT_ATTEMPT
env | grep -E 'HOPT_STORE=|mongodb:'
while [ -e hold.all ] || [ -e "hold.$me" ]; do sleep 0.1; done
[ -e quick ] || sleep 1
echo "$1"
END
chmod 755 study study/obj
chmod 644 study/study.json
touch study/hold.0.1 study/hold.1.1
printf 'mongodb://%smongo:%s/%s' "$login" "$(cat relay-port)" "${store##*/}" >secrets/store
for name in mongo-root-password mongo-hopt-password mongo-keyfile; do echo none >"secrets/$name"; done
chmod 444 secrets/*
# write_override IMAGE: of the workers.
write_override() {
    cat >override.yml <<END
networks:
  default: {external: {name: $project}}
services:
  mongo: # only something to wait for
    image: hopt-worker
    entrypoint: ["sleep"]
    command: ["1000"]
    healthcheck: {test: ["CMD", "true"], interval: 1s}
  master:
    healthcheck: {interval: 1s}
    extra_hosts: ["mongo:$bridge"]
  worker:
    image: $1
    healthcheck: {interval: 1s}
    extra_hosts: ["mongo:$bridge"]
secrets:
  store: {file: $work/secrets/store}
  mongo-root-password: {file: $work/secrets/mongo-root-password}
  mongo-hopt-password: {file: $work/secrets/mongo-hopt-password}
  mongo-keyfile: {file: $work/secrets/mongo-keyfile}
END
}
write_override hopt-worker
export HOPT_STUDY=$work/study HOPT_MASTER_ARGS="--poll 200ms" HOPT_WORKER_ARGS="--grace 1s"

# ---- two workers ----

up() {
    exits 0 compose up -d --no-build --no-recreate "$@"
}
# containers SERVICE: ids of the running ones.
containers() {
    docker ps -q --filter "label=com.docker.compose.project=$project" \
        --filter "label=com.docker.compose.service=$1"
}
up --scale worker=2
wait_until 120 "two trials are running" at_least 2 running
same "workers" 2 "$(containers worker | wc -l)"
for one in $(containers worker) $(containers master); do
    same "user in the container" 10001 "$(docker exec "$one" id -u)"
    docker exec "$one" sh -c ': >/usr/bin/x' 2>/dev/null && fail "the programs can be changed"
    docker exec "$one" sh -c ': >/study/x' 2>/dev/null && fail "the study can be changed"
    same "capabilities" 0000000000000000 \
        "$(docker exec "$one" sed -n 's/^CapBnd:[[:space:]]*//p' /proc/1/status)"
done
docker exec "$(containers master)" sh -c ': >/home/hopt/x' 2>/dev/null && fail "master: not read-only"
healthy() {
    [ "$(docker inspect -f '{{.State.Health.Status}}' "$1")" = healthy ]
}
for one in $(containers worker) $(containers master); do
    wait_until 60 "$one is healthy" healthy "$one"
    docker exec "$one" hopt-health 1 2>/dev/null && fail "the health check finds anything well"
done
exits 0 compose exec -T master hopt study show containers
holds out.txt 'containers'
say "compose up: two workers hold trials 0 and 1"

# ---- kill -9 of a worker ----

victim=$(trials | grep '^{"num":0,' | field worker)
victim=${victim%%:*} # the host's name is the container's id
restarts() {
    [ "$(docker inspect -f '{{.RestartCount}}' "$victim")" -ge 1 ]
}
kill -KILL "$(docker inspect -f '{{.State.Pid}}' "$victim")" || fail "no such worker: $victim"
wait_until 60 "the container is started again" restarts
# Trial 0's second attempt, wherever it runs.
wait_until 120 "trial 0 is evaluated again" trial_is 0 done
same "attempt of trial 0" 2 "$(trials | grep '^{"num":0,' | field attempt)"
trial_is 1 running || fail "trial 1 is $(trial_state 1)"
say "kill -9 of a worker: its container is back, its trial is done"

# ---- more workers, and a stop in mid-trial ----

rm study/hold.1.1
wait_until 120 "trial 1 is done" trial_is 1 done
touch study/hold.all
up --scale worker=8
alive_workers() {
    [ "$("${hopt[@]}" workers --json | grep -c '"alive":true')" -ge 8 ]
}
wait_until 120 "eight workers" alive_workers
wait_until 120 "eight trials are running" at_least 8 running
exits 0 compose stop worker
not_running() {
    [ "$(count_trials running)" = 0 ]
}
wait_until 60 "no trial is left running" not_running
same "attempts after the stop" 1 "$(trials | grep '"state":"new"' | field attempt | sort -u)"
compose logs --no-color worker >stop.txt 2>&1
holds stop.txt 'trial given back'
say "scaled to eight; stop: every trial is back in the queue"

# ---- two masters ----

up --scale master=2 --scale worker=8
wait_until 60 "two masters" eval '[ "$(containers master | wc -l)" = 2 ]'
leads() {
    docker logs "$1" 2>&1 | grep -E ' (leading|standing by) ' | tail -n 1 | grep -q leading
}
leader=
for one in $(containers master); do if leads "$one"; then leader=$one; fi; done
[ -n "$leader" ] || fail "nobody leads"
exits 0 docker kill -s KILL "$leader" # by its user: not started again
touch study/quick
rm study/hold.*
wait_until 240 "the study is done" study_is "done"
whole 100 "done"
say "the leading master was killed: the other one brought the study to its end"

# ---- no password anywhere ----

compose logs --no-color >all.txt 2>&1
docker ps -aq | while read -r one; do
    docker inspect "$one"
    docker top "$one" 2>/dev/null
done >inspected.txt
for image in hopt-master hopt-worker; do docker history --no-trunc "$image"; done >>inspected.txt
for num in 0 1 50 99; do "${hopt[@]}" trials show containers "$num" --log; done >objectives.txt
holds all.txt 'study is done'
holds inspected.txt '/run/secrets/store'
for file in all.txt inspected.txt objectives.txt; do lacks "$file" "$password|mongodb://[^ ]*@"; done
exits 0 compose down -v -t 10
say "no password in logs, containers, images or the objectives' output"

# ---- examples/digits, as in the README ----

if [ "${HOPT_TEST_CONTAINERS:-}" = digits ]; then
    deploy_step "image worker-sklearn" engine_build worker-sklearn || fail "no image with scikit-learn"
    write_override hopt-worker-sklearn
    export HOPT_STUDY=$repo/examples/digits HOPT_MASTER_ARGS="--poll 200ms --set stop.max_trials=6"
    study=digits
    up --scale worker=2
    wait_until 300 "the study is done" study_is "done"
    whole 6 "done"
    exits 0 compose exec -T master hopt best digits
    say "digits: best loss $("${hopt[@]}" best digits --json | field loss) of 6 trials"
    exits 0 compose down -v -t 10
fi
same "containers left" "" "$(docker ps -aq)"
same "volumes left" "" "$(docker volume ls -q)"
exit 0
