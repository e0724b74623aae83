# shellcheck shell=bash
# Sourced after tests/system/lib.sh: Kubernetes' own control plane on free ports of loopback, with its
# data, keys and kubeconfig in $work. Its programs are built by kubernetes_build.sh, in the cache.

kubernetes=${HOPT_CACHE:-$repo/.cache}/kubernetes-1.32.9
export KUBECONFIG=$work/kubeconfig KUBECACHEDIR=$work/kubectl

# kubernetes_build PROGRAM...
kubernetes_build() {
    # Debian's kubectl is too old to ask for a check of the fields' names.
    if ! kubectl version --client 2>/dev/null | grep -q 'v1\.3[0-9]\.'; then
        set -- "$@" kubectl
        PATH=$kubernetes:$PATH
    fi
    "$repo/tests/deploy/kubernetes_build.sh" "$kubernetes" "$@" || fail "Kubernetes cannot be built"
}

free_ports() {
    /usr/bin/python3 -c '
import socket, sys
all = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(one.getsockname()[1] for one in all))' "$1"
}

api_keys() {
    mkdir -p pki
    openssl genrsa -out pki/sa.key 2048 2>openssl.txt &&
        openssl rsa -in pki/sa.key -pubout -out pki/sa.pub 2>>openssl.txt || fail "openssl"
    api_token=$(openssl rand -hex 16)
    echo "$api_token,admin,admin,\"system:masters\"" >pki/tokens.csv
}

# write_kubeconfig PORT: the server signs its own certificate when it starts.
write_kubeconfig() {
    cat >"$KUBECONFIG" <<END
apiVersion: v1
kind: Config
clusters:
  - name: test
    cluster: {server: "https://127.0.0.1:$1", certificate-authority: $work/pki/apiserver.crt}
users: [{name: admin, user: {token: $api_token}}]
contexts: [{name: test, context: {cluster: test, user: admin}}]
current-context: test
END
}

api_ready() {
    kubectl get --raw /readyz >/dev/null 2>&1
}

api_ready_or_dead() {
    api_ready || ! alive etcd || ! alive apiserver
}

# api_start: etcd and kube-apiserver; again where another program was quicker to take a port.
api_start() {
    local client peer secure tries
    api_keys
    for tries in 1 2 3; do
        read -r client peer secure < <(free_ports 3)
        rm -rf etcd-data pki/apiserver.*
        write_kubeconfig "$secure"
        start etcd etcd --name test --data-dir "$work/etcd-data" \
            --listen-client-urls "http://127.0.0.1:$client" \
            --advertise-client-urls "http://127.0.0.1:$client" \
            --listen-peer-urls "http://127.0.0.1:$peer" \
            --initial-advertise-peer-urls "http://127.0.0.1:$peer" \
            --initial-cluster "test=http://127.0.0.1:$peer"
        start apiserver "$kubernetes/kube-apiserver" --etcd-servers="http://127.0.0.1:$client" \
            --bind-address=127.0.0.1 --advertise-address=127.0.0.1 --secure-port="$secure" \
            --cert-dir="$work/pki" --token-auth-file="$work/pki/tokens.csv" \
            --service-account-issuer=https://kubernetes.default.svc \
            --service-account-key-file="$work/pki/sa.pub" \
            --service-account-signing-key-file="$work/pki/sa.key" \
            --service-cluster-ip-range=10.0.0.0/24 --authorization-mode=RBAC \
            --allow-privileged=true --kubelet-preferred-address-types=InternalIP
        wait_until 60 "the API server is ready" api_ready_or_dead
        if api_ready; then return 0; fi
        kill -KILL "$(pid etcd)" "$(pid apiserver)" 2>/dev/null
        { wait "$(pid etcd)" "$(pid apiserver)"; } 2>/dev/null
        say "try $tries: the API server did not start"
    done
    fail "no API server"
}

# What makes ReplicaSets of Deployments, Pods of ReplicaSets, and keeps count for budgets.
controllers_start() {
    start controllers "$kubernetes/kube-controller-manager" --kubeconfig="$KUBECONFIG" \
        --leader-elect=false --secure-port=0 --root-ca-file="$work/pki/apiserver.crt" \
        --service-account-private-key-file="$work/pki/sa.key"
}
