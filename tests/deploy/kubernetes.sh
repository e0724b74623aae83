#!/usr/bin/env bash
# kubernetes.sh BIN: deploy/kubernetes is rendered by kubectl's kustomize, every object checked
# against Kubernetes' schemas, and what the objects say of each other and to our programs compared.
# And that slips are found. On a real API server: make test-kubernetes.
set -euo pipefail
bin=$1
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
cache=${HOPT_CACHE:-$PWD/.cache}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() {
    echo "FAILED: $*"
    exit 1
}

tools=$cache/python-kubernetes-1
if [ ! -e "$tools/complete" ]; then
    rm -rf "$tools"
    "${HOPT_PYTHON:-/usr/bin/python3}" -m venv "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check kubernetes-validate==1.34.1 \
        "setuptools<81"
    touch "$tools/complete"
fi

# kubectl, or Debian's own unpacked into the cache: its package may clash with one that is there.
if ! command -v kubectl >/dev/null; then
    if [ ! -x "$cache/kubectl/usr/bin/kubectl" ]; then
        rm -rf "$cache/kubectl"
        mkdir -p "$cache/kubectl"
        (cd "$cache/kubectl" && { apt-get download kubernetes-client || {
            apt-get update && apt-get download kubernetes-client
        }; } >/dev/null 2>&1 && dpkg-deb -x kubernetes-client_*.deb . && rm ./*.deb)
    fi
    PATH=$cache/kubectl/usr/bin:$PATH
fi

render() {
    kubectl kustomize "$1"
}
check() {
    "$tools/bin/python" -W ignore tests/deploy/manifests.py "$@"
}

cp -r deploy/kubernetes "$scratch/"
files=$scratch/kubernetes
rm -f "$files/store.uri"
if render "$files" >/dev/null 2>&1; then
    fail "it renders without the store's address"
fi
echo 'mongodb://hopt:secret@mongo.example/hopt' >"$files/store.uri"
render "$files" >"$scratch/all.yaml"
render "$files/keda" >"$scratch/keda.yaml"
check "$scratch/all.yaml" "$scratch/keda.yaml" >"$scratch/out" || fail "$(cat "$scratch/out")"
check "$scratch/all.yaml" "$files/keda/authentication.yaml" "$files/keda/jobs.yaml" \
    >>"$scratch/out" || fail "$(tail -n 5 "$scratch/out")"

# The options are our programs': they come as far as opening the store.
while read -r _ program args; do
    args=${args/"/study/study.json"/"$files/study.json"}
    args=$(sed -E 's/0\.0\.0\.0:[0-9]+/127.0.0.1:0/' <<<"$args")
    [ "$program" != hopt-worker ] || [ "$(id -u)" != 0 ] || args="--allow-root $args"
    # shellcheck disable=SC2086 # several words
    HOPT_STORE=@/none timeout 60 "$bin/$program" $args >"$scratch/err" 2>&1 || true
    grep -q 'none: No such file' "$scratch/err" ||
        fail "$program $args: $(cat "$scratch/err")"
done < <(grep '^args: ' "$scratch/out" | sort -u)
[ "$(grep -c '^args: ' "$scratch/out")" -ge 4 ] || fail "too few containers: $(cat "$scratch/out")"

# The study is the example's, but for where the image has its objective.
"$bin/hopt" check deploy/kubernetes/study.json >/dev/null
diff <(sed 1d examples/digits/study.json) \
    <(sed '1d; s#/opt/hopt/share/hopt/examples/digits/##' deploy/kubernetes/study.json) ||
    fail "study.json is another one than examples/digits"

# slip FILE SED: whether this change is found.
slip() {
    cp -r deploy/kubernetes "$scratch/slip"
    cp "$files/store.uri" "$scratch/slip/"
    sed -i "$2" "$scratch/slip/$1"
    ! cmp -s "$scratch/slip/$1" "$files/$1" || fail "the slip $2 changes nothing"
    if render "$scratch/slip" >"$scratch/slip.yaml" 2>/dev/null &&
        render "$scratch/slip/keda" >"$scratch/slip-keda.yaml" 2>/dev/null &&
        check "$scratch/slip.yaml" "$scratch/slip-keda.yaml" >"$scratch/out"; then
        fail "not found: $1: $2"
    fi
    rm -rf "$scratch/slip"
}
slip master.yaml 's/replicas: 2/replica: 2/'
slip master.yaml 's/containerPort: 9620/containerPort: "http"/'
slip master.yaml 's/name: hopt-study/name: hopt-studies/'
slip worker.yaml 's/terminationGracePeriodSeconds: 90/terminationGracePeriodSeconds: 60/'
slip worker.yaml 's/runAsNonRoot: true/runAsNonRoot: false/'
slip worker.yaml 's#path: /healthz#path: /health#'
slip worker.yaml 's#"@/secret/store"#"mongodb://u:p@h/db"#'
slip disruption.yaml 's/component: worker/component: workers/'
slip network.yaml 's/port: 27017/prot: 27017/'
slip keda/workers.yaml 's/    name: hopt-worker$/    name: hopt-workers/'
slip keda/workers.yaml 's/queryValue/queryvalue/'
slip keda/authentication.yaml 's/key: store/key: uri/'
echo "kubernetes: ok: $(kubectl version --client 2>/dev/null | head -n 1)"
