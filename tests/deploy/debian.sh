#!/usr/bin/env bash
# debian.sh BUILD: makes the Debian packages and takes them through a life in a clean Debian:
# installed, used, installed again, removed with the configuration kept, purged with nothing left.
set -euo pipefail
build=$1
# shellcheck source=rootfs.sh
. "$(dirname "$0")/rootfs.sh"
deploy_needs debootstrap dpkg-shlibdeps cpack

deploy_lock
deploy_root system
deploy_packages "$build/deploy-release"
scratch=$(mktemp -d)
root=$scratch/root
trap 'unmount_below "$scratch"; rm -rf --one-file-system "$scratch"' EXIT
cp -a --reflink=auto "$deploy_system" "$root"
deploy_unlock

fail() {
    echo "FAILED: $*"
    exit 1
}
inside() {
    in_debian "$root" "$@" </dev/null
}
# Every file, folder and link, but what dpkg and apt write for themselves.
files() {
    (cd "$root" && find . -xdev \( -path ./proc -o -path ./var/lib/dpkg -o -path ./var/log \
        -o -path ./var/cache/ldconfig -o -path ./etc/ld.so.cache -o -path ./dev \) -prune -o \
        -printf '%p %y %l\n' | sort)
}

# ---- as a package ----

names=()
for deb in "${deploy_debs[@]}"; do
    name=$(dpkg-deb -f "$deb" Package)
    names+=("$name")
    dpkg-deb -c "$deb" >"$scratch/list"
    if awk '/^l/ { next } $2 != "root/root" || $1 ~ /^-.......w/ || $1 ~ /^.....w/ || $1 ~ /[sS]/ { print; bad = 1 } END { exit !bad }' "$scratch/list"; then
        fail "$name: somebody else's, writable or set-uid"
    fi
    ! grep -E '\./(usr/local|opt|home|root|tmp|build)/' "$scratch/list" ||
        fail "$name: a file where a package has no business"
    grep -q " ./usr/share/doc/$name/copyright$" "$scratch/list" || fail "$name: no copyright file"
    zcat <(dpkg-deb --fsys-tarfile "$deb" | tar -xO "./usr/share/doc/$name/changelog.gz") |
        head -n 1 | grep -qF "($(dpkg-deb -f "$deb" Version))" ||
        fail "$name: deploy/debian/changelog does not begin with this version"
    ! grep -E '/man/.*\.[1-8]$' "$scratch/list" || fail "$name: a manual is not compressed"
done
printf '%s\n' "${names[@]}" | grep -qx hopt || fail "no package hopt: ${names[*]}"
depends=$(dpkg-deb -f "${deploy_debs[0]%/*}"/hopt_*.deb Depends)
for library in libc6 libjansson4 libsqlite3-0 libuv1 libmongoc-1.0-0; do
    [[ $depends == *"$library (>= "* ]] || fail "Depends lacks $library: $depends"
done

# ---- its life ----

files >"$scratch/before"
cp "${deploy_debs[@]}" "$root/tmp/"
install_all() {
    # What libhopt-dev depends on, other libraries' development files, is not what is tested.
    inside sh -c 'dpkg -i /tmp/hopt_*.deb /tmp/libhopt0_*.deb &&
        dpkg --force-depends -i /tmp/libhopt-dev_*.deb' >"$scratch/out" 2>&1 ||
        fail "dpkg -i: $(tail -n 5 "$scratch/out")"
}
install_all
inside sh -c 'ldconfig -p | grep -q "libhopt\.so\.0 "' || fail "the library is not found"
[ -z "$(inside dpkg --verify "${names[@]}")" ] || fail "dpkg --verify finds differences"
for program in hopt hopt-master hopt-worker; do
    inside "$program" --version || fail "$program does not start"
    # Nothing of the build's paths is left in it.
    ! grep -qF "$deploy_repo" "$root/usr/bin/$program" || fail "$program names the build folder"
done
inside sh -ec 'mkdir /root/try; cd /root/try; hopt init study.json --quiet
    hopt run study.json --max-trials 5 --quiet' || fail "a study does not run"
[ "$(inside sh -c 'cd /root/try; hopt trials list first --state "done" -n 0 --json' | wc -l)" = 5 ] ||
    fail "not five trials"
rm -rf "$root/root/try" "$root/tmp/hopt-0" # the scratch folder of whoever runs a study

mkdir -p "$root/etc/hopt"
install -m 600 /dev/null "$root/etc/hopt/store.env"
install_all # over itself, as an upgrade does
[ -e "$root/etc/hopt/store.env" ] || fail "an upgrade removes the configuration"

inside dpkg -r "${names[@]}" >"$scratch/out" 2>&1 || fail "dpkg -r: $(tail -n 5 "$scratch/out")"
[ ! -e "$root/usr/bin/hopt" ] || fail "still there after a removal"
[ -e "$root/etc/hopt/store.env" ] || fail "a removal is not a purge"
inside dpkg -P "${names[@]}" >"$scratch/out" 2>&1 || fail "dpkg -P: $(tail -n 5 "$scratch/out")"
rm "$root"/tmp/*.deb
files >"$scratch/after"
diff "$scratch/before" "$scratch/after" || fail "something is left after a purge"
! inside dpkg -s hopt >/dev/null 2>&1 || fail "dpkg still knows it"
echo "debian: ok: ${names[*]}"
