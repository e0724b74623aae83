#!/bin/sh
# packages.sh [--check] SET...: install the Debian packages of packages.txt that are missing.
# Quick when there is nothing to do. With --check: only say what is missing, exit 1.
set -eu

list=$(dirname "$0")/packages.txt
check=
if [ "${1:-}" = --check ]; then
    check=1
    shift
fi
[ $# -gt 0 ] || {
    echo "usage: packages.sh [--check] SET..." >&2
    exit 2
}

wanted=
for set in "$@"; do
    found=$(sed -n "s/^$set: *//p" "$list")
    [ -n "$found" ] || {
        echo "packages.sh: no set '$set' in $list" >&2
        exit 2
    }
    wanted="$wanted $found"
done

if ! command -v dpkg-query >/dev/null; then
    echo "not a Debian: these packages, or what is like them, must be there already:$wanted" >&2
    exit 0
fi
missing=
for package in $wanted; do
    case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true) in
    installed*) ;;
    *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

install="apt-get install -y --no-install-recommends$missing"
if [ -n "$check" ] || [ "$(id -u)" != 0 ]; then
    echo "packages are missing; as root: $install" >&2
    exit 1
fi

export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "installing:$missing" >&2
# Package lists that are absent or too old show in the failure; then fetch them and try again.
# shellcheck disable=SC2086
if ! $install >"$log" 2>&1 </dev/null &&
    ! { apt-get update && $install; } >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    echo "packages.sh: could not install them" >&2
    exit 1
fi
