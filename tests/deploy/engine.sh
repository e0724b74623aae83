# shellcheck shell=bash
# Sourced after rootfs.sh: a docker engine of the tests' own, with a socket and data of its own in
# the cache, so that neither images nor networks of this machine's user are touched.

engine=$deploy_cache/docker
engine_socket=/run/hopt-docker-$(id -u)-$$.sock # short: a socket's path has 107 characters
export DOCKER_HOST=unix://$engine_socket
# Debian's own, whatever else is called so on PATH.
docker() {
    /usr/bin/docker "$@"
}

# Neither its bridge nor packet filters are needed: images are built on this machine's network, and
# the containers of a test reach only this machine. exec 9: its lock, held until it ends.
engine_start() {
    local tries
    mkdir -p "$engine"
    exec 9>"$engine.lock"
    flock -w 900 9 || return 1
    rm -f "$engine/docker.pid"
    # Not our child: a `wait` for those that are must not wait for it.
    (dockerd --data-root "$engine/data" --exec-root "/run/hopt-docker-$$" -H "$DOCKER_HOST" \
        --pidfile "$engine/docker.pid" --bridge none --iptables=false --ip6tables=false \
        --ip-masq=false --ip-forward=false --userland-proxy=false --log-level=warn \
        >"$engine/log" 2>&1 </dev/null 9>&- 7>&- & echo $! >"$engine/pid")
    engine_pid=$(cat "$engine/pid")
    for ((tries = 0; tries < 600; tries++)); do
        if docker version >/dev/null 2>&1; then
            engine_clear
            return 0
        fi
        kill -0 "$engine_pid" 2>/dev/null || break
        sleep 0.1
    done
    tail -n 20 "$engine/log" >&2
    return 1
}

# What a test that was killed has left: nobody else has containers here.
engine_clear() {
    docker ps -aq | xargs -r /usr/bin/docker rm -f >/dev/null 2>&1
    docker network prune -f >/dev/null 2>&1
    docker volume prune -f >/dev/null 2>&1
}

engine_stop() {
    [ -n "${engine_pid:-}" ] || return 0
    local tries
    kill -TERM "$engine_pid" 2>/dev/null
    for ((tries = 0; tries < 300; tries++)); do
        kill -0 "$engine_pid" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL "$engine_pid" 2>/dev/null
    unmount_below "/run/hopt-docker-$$"
    rm -rf --one-file-system "/run/hopt-docker-$$" "$engine_socket"
    exec 9>&-
}

# engine_base: localhost/hopt-base:bookworm, from the folder of rootfs.sh.
engine_base() {
    docker image inspect localhost/hopt-base:bookworm >/dev/null 2>&1 && return 0
    tar -C "$deploy_cache/base" -c . | docker import - localhost/hopt-base:bookworm
}

# engine_build TARGET: the image of deploy/Dockerfile from this tree.
engine_build() {
    DOCKER_BUILDKIT=0 docker build --network host --build-arg BASE=localhost/hopt-base:bookworm \
        ${http_proxy:+--build-arg http_proxy} ${https_proxy:+--build-arg https_proxy} \
        -f "$deploy_repo/deploy/Dockerfile" --target "$1" -t "hopt-$1" "$deploy_repo"
}

# The engine with the images master and worker of this tree; `fail` is the test's.
engine_images() {
    local target
    deploy_lock
    deploy_root base || fail "no Debian folder"
    engine_start || fail "no docker engine"
    deploy_step "base image" engine_base || fail "no base image"
    deploy_unlock
    for target in master worker; do
        deploy_step "image $target" engine_build "$target" || fail "the image $target cannot be built"
    done
}
