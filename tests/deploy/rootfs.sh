# shellcheck shell=bash
# Sourced by the tests here: small Debian folders, made once in the cache, and Debian packages of
# hopt built from this tree.
#
#   base    what docker images are built from: debootstrap's minbase with certificates
#   system  base with systemd and the libraries that hopt needs
#
# Needs root and debootstrap; a machine without them skips (77).

deploy_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
deploy_repo=$(cd "$deploy_here/../.." && pwd)
deploy_cache=${HOPT_CACHE:-$deploy_repo/.cache}/deploy-1
deploy_suite=bookworm
# Made anew when hopt needs other libraries.
deploy_packages_wanted="systemd systemd-sysv dbus $(sed -n 's/^runtime: *//p' "$deploy_repo/cmake/packages.txt" | tr '\n' ' ')"
deploy_system=$deploy_cache/system-$(cksum <<<"$deploy_packages_wanted" | cut -d ' ' -f 1)
services=$deploy_cache # where debian.sh would put things; only functions that need none are used
# shellcheck source=../services/debian.sh
. "$deploy_here/../services/debian.sh"

# deploy_skip MESSAGE: this machine cannot do it.
deploy_skip() {
    echo "SKIP: $*" >&2
    exit 77
}

deploy_needs() {
    local tool
    [ "$(id -u)" = 0 ] || deploy_skip "root is needed"
    for tool in "$@"; do
        command -v "$tool" >/dev/null || deploy_skip "$tool is missing"
    done
}

# deploy_step WHAT COMMAND...: its output is shown when it fails.
deploy_step() {
    local what=$1 began=$SECONDS log=$deploy_cache/log.$$
    shift
    if ! "$@" >"$log" 2>&1 </dev/null; then
        echo "failed: $what" >&2
        tail -n 30 "$log" >&2
        return 1
    fi
    rm -f "$log"
    echo "$what: $((SECONDS - began)) s" >&2
}

# One caller at a time works on the cache.
deploy_lock() {
    mkdir -p "$deploy_cache"
    exec 7>"$deploy_cache/lock"
    flock -w 900 7 || return 1
}

deploy_unlock() {
    exec 7>&-
}

deploy_new_root() {
    local root=$1 mirror
    mirror=$(debian_mirror) || {
        echo "no Debian mirror in the apt sources: set HOPT_DEBIAN_MIRROR"
        return 1
    }
    with_own_mounts debootstrap --variant=minbase --include=ca-certificates \
        --keyring="$debian_keyring" "$deploy_suite" "$root" "$mirror" || return 1
    {
        echo 'Acquire::Check-Valid-Until "false";' # a mirror may be a dated snapshot
        apt-config dump 2>/dev/null | grep -E '^Acquire::https?::Proxy' || true
    } >"$root/etc/apt/apt.conf.d/00hopt"
    # For a mirror or a proxy with a certificate of its own.
    cp "$debian_certificates" "$root$debian_certificates" &&
        cp /etc/hosts /etc/resolv.conf "$root/etc/" &&
        rm -rf "$root"/var/cache/apt/archives/*.deb "$root/var/log/bootstrap.log"
}

# The services of packages are not started while they are installed.
deploy_fill_system() {
    local root=$1
    cp -a --reflink=auto "$deploy_cache/base" "$root" || return 1
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"
    # shellcheck disable=SC2086 # several packages
    install_debian "$root" $deploy_packages_wanted || return 1
    rm -rf "$root/usr/sbin/policy-rc.d" "$root"/var/lib/apt/lists/*
}

# deploy_root base|system: makes it when it is not there; it gets its name only when complete.
deploy_root() {
    local kind=$1 make=deploy_new_root path=$deploy_cache/base old new
    if [ "$kind" = system ]; then
        deploy_root base || return 1
        make=deploy_fill_system
        path=$deploy_system
    fi
    [ ! -d "$path" ] || return 0
    for old in "$deploy_cache/$kind"*; do
        [ ! -e "$old" ] || remove_debian "$old" || return 1
    done
    new=$path.new
    deploy_step "Debian folder \"$kind\"" "$make" "$new" || return 1
    unmount_below "$new"
    mv "$new" "$path"
}

# deploy_packages BUILD: sets $deploy_debs to the packages of this tree, built in BUILD.
deploy_packages() {
    local build=$1 jobs=${HOPT_JOBS:-$(nproc)}
    deploy_step "release build" sh -c 'set -e
        cmake -S "$1" -B "$2" -G Ninja -DCMAKE_BUILD_TYPE=Release -DHOPT_TESTS=OFF -DHOPT_SANITIZE=
        cmake --build "$2" -j "$3"' sh "$deploy_repo" "$build" "$jobs" || return 1
    rm -rf "$build/packages"
    deploy_step "packages" sh -c 'cd "$1" && cpack -G DEB' sh "$build" || return 1
    deploy_debs=("$build"/packages/*.deb)
    [ -s "${deploy_debs[0]}" ]
}
