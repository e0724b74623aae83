# shellcheck shell=bash
# Sourced by mongo.sh: a folder with a small Debian of its own that holds PostgreSQL 18 with the
# DocumentDB extension. The extension is only in Debian forky and later, and must not be mixed into
# the host. Needs root, because of chroot.

debian_suite=forky
debian_packages=postgresql-18-documentdb
debian_root=$services/debian-$debian_suite-$debian_packages
debian_certificates=/etc/ssl/certs/ca-certificates.crt
debian_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

apt_dir=/etc/apt

# As cat, with an empty line after each file; missing files are no error.
cat_with_gaps() {
    local file
    for file in "$@"; do
        [ ! -r "$file" ] || { cat "$file"; echo; }
    done
}

# Prints the apt entries of the host, as lines "URI SUITES COMPONENTS" with commas in the lists.
host_apt_entries() {
    cat_with_gaps "$apt_dir/sources.list" "$apt_dir"/sources.list.d/*.list |
        sed -nE 's/[[:space:]]+#.*//; s/^deb[[:space:]]+(\[[^]]*\][[:space:]]*)?//p' |
        awk '{ c = $3; for (i = 4; i <= NF; i++) c = c "," $i; print $1, $2, c }'
    cat_with_gaps "$apt_dir"/sources.list.d/*.sources | awk '
        function flush(   n, i, u) {
            n = split(uris, u, " ")
            if (types ~ /(^| )deb( |$)/ && enabled != "no")
                for (i = 1; i <= n; i++) print u[i], commas(suites), commas(components)
            types = uris = suites = components = enabled = field = ""
        }
        function commas(s) { gsub(/^ +| +$/, "", s); gsub(/ +/, ",", s); return s == "" ? "-" : s }
        function add(v) {
            if (field == "types") types = types " " v
            else if (field == "uris") uris = uris " " v
            else if (field == "suites") suites = suites " " v
            else if (field == "components") components = components " " v
            else if (field == "enabled") enabled = tolower(v)
        }
        /^#/ { next }
        /^[[:space:]]*$/ { flush(); next }
        /^[[:space:]]/ { gsub(/^[[:space:]]+/, ""); add($0); next }
        { field = tolower($0); sub(/:.*/, "", field); sub(/^[^:]*:[[:space:]]*/, ""); add($0) }
        END { flush() }'
}

host_codename() {
    sed -n 's/^VERSION_CODENAME=//p' /etc/os-release 2>/dev/null | tr -d '"'
}

# Prints the mirror of the host's own Debian release: the entry with its suite and component main.
debian_mirror() {
    local codename
    if [ -n "${HOPT_DEBIAN_MIRROR:-}" ]; then
        echo "$HOPT_DEBIAN_MIRROR"
        return
    fi
    codename=$(host_codename)
    # Debian sid and testing may call themselves otherwise in the sources than in os-release.
    host_apt_entries | awk -v suites="${codename:--} sid unstable testing stable" '
        BEGIN { n = split(suites, wanted, " ") }
        $1 ~ /^(https?|file):/ && ("," $3 ",") ~ /,main,/ {
            for (i = 1; i <= n; i++)
                if (("," $2 ",") ~ ("," wanted[i] ",") && !(i in found)) found[i] = $1
        }
        END { for (i = 1; i <= n; i++) if (i in found) { print found[i]; exit 0 }; exit 1 }'
}

# Runs CMD... with mounts of its own, which vanish with its last process even after a kill -9. In
# a container that may not mount, it runs without: PostgreSQL can live with that.
with_own_mounts() {
    if unshare --mount true 2>/dev/null; then
        unshare --mount "$@"
    else
        "$@"
    fi
}

# in_debian ROOT CMD...: runs CMD in the folder, with /proc and an own /dev/shm where possible.
in_debian() {
    # shellcheck disable=SC2016
    with_own_mounts sh -c 'root=$1; shift
        mount -t proc proc "$root/proc" 2>/dev/null &&
            mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm" 2>/dev/null
        exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
            HOME=/root DEBIAN_FRONTEND=noninteractive ${http_proxy:+http_proxy="$http_proxy"} \
            ${https_proxy:+https_proxy="$https_proxy"} ${GOPROXY:+GOPROXY="$GOPROXY"} \
            ${GOSUMDB:+GOSUMDB="$GOSUMDB"} "$@"' in_debian "$@"
}

unmount_below() {
    local dir
    awk -v under="$1/" 'index($5, under) == 1 { print $5 }' /proc/self/mountinfo | sort -r |
        while read -r dir; do umount -l "$dir"; done
}

remove_debian() {
    unmount_below "$1"
    rm -rf --one-file-system "$1"
}

# debootstrap, from the host or unpacked into the cache folder without installing it.
run_debootstrap() {
    local root=$1 mirror=$2 tool=debootstrap share=/usr/share/debootstrap unpacked
    if ! command -v debootstrap >/dev/null; then
        unpacked=$services/debootstrap
        fetch_debootstrap "$unpacked" || return 1
        share=$unpacked/usr/share/debootstrap
        tool=$unpacked/usr/sbin/debootstrap
    fi
    # The script of sid: an older debootstrap knows no release of our name.
    DEBOOTSTRAP_DIR=$share with_own_mounts "$tool" --variant=minbase \
        --keyring="$debian_keyring" "$debian_suite" "$root" "$mirror" "$share/scripts/sid"
}

fetch_debootstrap() {
    local dir=$1
    [ ! -x "$dir/usr/sbin/debootstrap" ] || return 0
    rm -rf "$dir" "$dir.new"
    mkdir -p "$dir.new"
    (cd "$dir.new" && { apt-get download debootstrap || { apt-get update &&
        apt-get download debootstrap; }; } && dpkg-deb -x debootstrap_*.deb .) &&
        mv "$dir.new" "$dir"
}

# What apt and PostgreSQL's packages must find before they are installed.
configure_debian() {
    local root=$1
    mkdir -p "$root/etc/postgresql-common" "$root/dev/shm" "$root/etc/ssl/certs"
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # start no services
    # Without /proc (a container that may not mount) the real one fails the whole installation.
    printf '#!/bin/sh\nexit 0\n' >"$root/usr/local/bin/systemd-tmpfiles"
    chmod 755 "$root/usr/sbin/policy-rc.d" "$root/usr/local/bin/systemd-tmpfiles"
    echo 'create_main_cluster = false' >"$root/etc/postgresql-common/createcluster.conf"
    {
        echo 'Acquire::Check-Valid-Until "false";' # a mirror may be a dated snapshot
        echo 'DPkg::Path "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";'
        apt-config dump 2>/dev/null | grep -E '^Acquire::https?::Proxy' || true
    } >"$root/etc/apt/apt.conf.d/00hopt"
    cp /etc/hosts /etc/resolv.conf "$root/etc/" || return 1
    # For a mirror or a proxy with https.
    cp "$debian_certificates" "$root$debian_certificates" 2>/dev/null || true
}

# install_debian ROOT PACKAGE...
install_debian() {
    local root=$1
    shift
    in_debian "$root" apt-get update &&
        in_debian "$root" apt-get install -y --no-install-recommends "$@" &&
        in_debian "$root" apt-get clean
}

# Makes debian_root when it is not there. It gets its name only when it is complete.
debian_setup() {
    local mirror new=$debian_root.new
    [ ! -d "$debian_root" ] || return 0
    command -v chroot >/dev/null && command -v apt-get >/dev/null && [ -r "$debian_keyring" ] ||
        die "no mongod on PATH, and the stand-in can be set up on Debian only: set" \
            "HOPT_TEST_MONGO_URI"
    [[ $services != *[[:space:]]* ]] || die "debootstrap cannot work in '$services', because of" \
        "the blank: set HOPT_CACHE to another folder"
    mirror=$(debian_mirror) || die "no Debian mirror in the host's apt sources: set" \
        "HOPT_DEBIAN_MIRROR"
    need_space 2000
    if [ -e "$new" ]; then
        step "removing a set-up that was not finished" remove_debian "$new"
    fi
    step "unpacking a minimal Debian $debian_suite (220 MB)" run_debootstrap "$new" "$mirror"
    step "preparing it" configure_debian "$new"
    step "installing $debian_packages in it (900 MB)" install_debian "$new" "$debian_packages"
    unmount_below "$new"
    mv "$new" "$debian_root"
}
