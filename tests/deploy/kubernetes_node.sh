#!/usr/bin/env bash
# kubernetes_node.sh mongo: deploy/kubernetes on a whole Kubernetes of one node: API server,
# controllers, scheduler, kubelet and containerd, with images built from this tree. Only the store is
# another one: the tests' own MongoDB, through a relay on the pods' bridge. Workers are deleted in
# mid-trial, by force and gently, and the leading master too; the node is drained.
. "$(dirname "$0")/../system/lib.sh"
# shellcheck source=rootfs.sh
. "$repo/tests/deploy/rootfs.sh"
# shellcheck source=engine.sh
. "$repo/tests/deploy/engine.sh"
# shellcheck source=kubernetes_api.sh
. "$repo/tests/deploy/kubernetes_api.sh"
deploy_needs etcd openssl debootstrap dockerd containerd ctr runc gcc ip
unshare --mount --pid --fork true 2>/dev/null || skip "this kernel gives no namespaces"

bridge=hk$$
node=/run/hopt-kube-$$ # short: paths of sockets
at_exit() {
    engine_stop
    local one
    for one in $(ip -o link show master "$bridge" 2>/dev/null | sed -E 's/^[0-9]+: ([^@:]+).*/\1/'); do
        ip link delete "$one"
    done
    ip link delete "$bridge" 2>/dev/null
    # The containers' groups; those with a process in them stay, and what was killed needs a moment.
    for one in 1 2 3 4 5; do
        find /sys/fs/cgroup -depth -type d -path '*/k8s.io*' -exec rmdir {} + 2>/dev/null
        sleep 0.2
    done
    rm -rf --one-file-system "$node"
}

# ---- images ----

kubernetes_build kube-apiserver kube-controller-manager kube-scheduler kubelet
engine_images
mkdir pause
gcc -O2 -static -s -o pause/pause -x c - <<'END' || fail "gcc"
#include <signal.h>
#include <unistd.h>
static void end(int signal) { _exit(signal != SIGTERM); }
int main(void) {
    signal(SIGTERM, end);
    for (;;) pause();
}
END
tar -C pause -c pause | docker import --change 'ENTRYPOINT ["/pause"]' - localhost/pause:1 >/dev/null &&
    docker save -o images.tar localhost/pause:1 hopt-master hopt-worker || fail "docker save"
engine_stop
engine_pid=

# ---- the node ----

# A network that nothing here has yet.
subnet=
for n in $(shuf -i 16-250 -n 20); do
    ip -4 -o addr | grep -qF " 10.97.$n." || subnet=10.97.$n
    [ -z "$subnet" ] || break
done
gateway=$subnet.1
ip link add "$bridge" type bridge && ip addr add "$gateway/24" dev "$bridge" &&
    ip link set "$bridge" up || skip "no bridge can be made"
mkdir -p "$node" cni
cat >cni/10-test.conflist <<END
{"cniVersion": "0.4.0", "name": "test", "plugins": [{"type": "bridge", "bridge": "$bridge",
  "isGateway": true, "ipam": {"type": "host-local", "dataDir": "$work/addresses",
  "ranges": [[{"subnet": "$subnet.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}
END
cat >containerd.toml <<END
version = 2
root = "$work/containerd"
state = "$node/containerd"
[grpc]
  address = "$node/c.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$work/cni"
END
read -r kubelet_port health_port < <(free_ports 2)
cat >kubelet.yaml <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $gateway
port: $kubelet_port
readOnlyPort: 0
healthzPort: $health_port
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
cgroupDriver: cgroupfs
cgroupsPerQOS: false
enforceNodeAllocatable: []
makeIPTablesUtilChains: false
failSwapOn: false
oomScoreAdj: 0
clusterDNS: []
resolvConf: /etc/resolv.conf
containerRuntimeEndpoint: unix://$node/c.sock
podLogsDir: $work/pods
volumePluginDir: $work/plugins
imageGCHighThresholdPercent: 100
localStorageCapacityIsolation: false
evictionHard: {memory.available: 50Mi}
nodeStatusUpdateFrequency: 5s
END
# Both in namespaces of their own: whatever ends this test ends every container and mount too.
cat >node.sh <<END
for folder in /run/containerd /run/netns /var/lib/cni; do
    mkdir -p "\$folder" && mount -t tmpfs tmpfs "\$folder" || exit 1
done
containerd --config "$work/containerd.toml" >>"$work/containerd.log" 2>&1 &
for tries in {1..600}; do
    if ctr -a "$node/c.sock" version >/dev/null 2>&1; then break; fi
    sleep 0.2
done
ctr -a "$node/c.sock" -n k8s.io images import "$work/images.tar" || exit 1
exec "$kubernetes/kubelet" --config="$work/kubelet.yaml" --kubeconfig="$KUBECONFIG" \
    --root-dir="$work/kubelet" --cert-dir="$work/kubelet-pki" --hostname-override=one \
    --node-ip="$gateway"
END
api_start
controllers_start
start scheduler "$kubernetes/kube-scheduler" --kubeconfig="$KUBECONFIG" --leader-elect=false \
    --secure-port=0
start kubelet unshare --mount --pid --fork --kill-child --mount-proc bash "$work/node.sh"
node_ready() {
    kubectl wait --for=condition=Ready --timeout=1s node/one >/dev/null 2>&1 || ! alive kubelet
}
wait_until 120 "the node is ready" node_ready
alive kubelet || fail "no kubelet"
say "$(kubectl get node one -o 'jsonpath={.status.nodeInfo.kubeletVersion} {.status.nodeInfo.containerRuntimeVersion}'): the node is ready"

# ---- the study and what differs from the shipped files ----

start relay /usr/bin/python3 "$repo/tests/deploy/relay.py" "$gateway" \
    "$(sed -E 's#.*:([0-9]+)/?$#\1#' <<<"${HOPT_TEST_MONGO_URI%/}")" "$work/relay-port"
wait_until 60 "the relay listens" test -s relay-port
cp -r "$repo/deploy/kubernetes" .
files=$work/kubernetes
printf 'mongodb://%s:%s/%s' "$gateway" "$(cat relay-port)" "${store##*/}" >"$files/store.uri"
# Trials 0, 1 and 2 wait until they are taken away; those from 30 on for a file, but not for ever: no
# worker may be kept from what is taken away.
# shellcheck disable=SC2016 # the shell of the objective expands it
objective='case $HOPT_TRIAL.$HOPT_LEASE in [0-2].1) sleep 3000;; esac;
    n=0; while [ $HOPT_TRIAL -ge 30 ] && [ ! -e /tmp/go ] && [ $n -lt 40 ]; do sleep 1; n=$((n + 1)); done;
    if env | grep -q mongodb:; then exit 1; fi;
    sleep 1; echo $0'
write_study kube "{\"command\": [\"/bin/sh\", \"-c\", \"$(tr -s '\n ' ' ' <<<"$objective")\", \"{x}\"]}" \
    '"stop": {"max_trials": 60}, "trial": {"lease_s": 5, "max_attempts": 4, "timeout_s": 4000}'
mv study.json "$files/"
mkdir overlay
# Three workers on one small node; no waiting for trials that wait for us.
cat >overlay/kustomization.yaml <<'END'
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../kubernetes]
images: [{name: hopt-worker-sklearn, newName: hopt-worker}]
patches:
  - target: {kind: Deployment, name: hopt-worker}
    patch: |
      - {op: replace, path: /spec/template/spec/containers/0/resources/requests/cpu, value: 10m}
      - {op: replace, path: /spec/template/spec/containers/0/args/2, value: 1s}
END

# ---- all comes up ----

in_hopt() {
    kubectl -n hopt "$@"
}
# pods COMPONENT: names.
pods() {
    in_hopt get pods -l "app.kubernetes.io/component=$1" -o name 2>/dev/null
}
restarts() {
    [ "$(in_hopt get "$1" -o 'jsonpath={.status.containerStatuses[0].restartCount}')" -ge 1 ]
}
ready() {
    [ "$(in_hopt get deployment "hopt-$1" -o 'jsonpath={.status.readyReplicas}' 2>/dev/null)" = "$2" ]
}
eval "$(declare -f fail | sed '1s/fail/fail_now/')"
fail() {
    {
        kubectl get -A pods,events
        in_hopt describe pods
        for one in $(pods master) $(pods worker); do
            in_hopt logs --tail 20 "$one"
            in_hopt logs --tail 20 -p "$one"
        done
    } >"$work/cluster.log" 2>&1
    fail_now "$@"
}
exits 0 kubectl apply -k overlay
exits 0 in_hopt scale deployment hopt-worker --replicas 3
wait_until 300 "two masters are ready" ready master 2
wait_until 300 "three workers are ready" ready worker 3
three_run() {
    [ "$(trials | grep -E '^\{"num":[0-2],' | grep -c '"state":"running"')" = 3 ]
}
wait_until 120 "trials 0 to 2 are running" three_run
for one in $(pods master) $(pods worker); do
    same "user in $one" 10001 "$(in_hopt exec "$one" -- id -u)"
    in_hopt exec "$one" -- sh -c ': >/usr/bin/x' 2>/dev/null && fail "the programs can be changed"
    in_hopt exec "$one" -- sh -c ': >/study/x' 2>/dev/null && fail "the study can be changed"
    in_hopt exec "$one" -- sh -c ': >/tmp/x' || fail "/tmp cannot be written to"
done
exits 0 in_hopt exec deploy/hopt-master -- hopt study show kube
holds out.txt 'kube'
for one in $(pods master) $(pods worker); do
    if restarts "$one"; then say "$one was restarted: $(in_hopt logs -p --tail 3 "$one")"; fi
done
say "two masters and three workers are ready; trials 0, 1, 2 wait to be taken away"

# ---- workers go in mid-trial ----

# worker_of NUM: the pod that evaluates it.
worker_of() {
    local name
    name=$(trials | grep "^{\"num\":$1," | field worker)
    echo "pod/${name%%:*}"
}
victim=$(worker_of 0)
owner=$(trials | grep '^{"num":0,' | field worker) # pod:process:...
owner=${owner#*:}
exits 0 in_hopt exec "$victim" -- sh -c "kill -9 ${owner%%:*}"
wait_until 120 "the container is started again" restarts "$victim"
wait_until 120 "trial 0 is evaluated again" trial_is 0 done
same "attempt of trial 0" 2 "$(trials | grep '^{"num":0,' | field attempt)"
say "kill -9 of a worker: its container is back, its trial is done"

victim=$(worker_of 1)
exits 0 in_hopt delete "$victim" --force --grace-period=0
wait_until 120 "trial 1 is evaluated again" trial_is 1 done
say "delete --force of a worker's pod: its trial is done"

victim=$(worker_of 2)
start gentle kubectl -n hopt logs -f "$victim"
exits 0 in_hopt delete "$victim" --timeout=300s
wait_end gentle 60
holds gentle.log 'trial given back'
wait_until 120 "trial 2 is evaluated again" trial_is 2 done
same "attempt of trial 2" 1 "$(trials | grep '^{"num":2,' | field attempt)"
wait_until 300 "three workers again" ready worker 3
say "delete of a worker's pod: the trial was given back, and is done"

# ---- the leading master ----

leads() {
    in_hopt logs "$1" 2>/dev/null | grep -E '"msg":"(leading|standing by)"' | tail -n 1 | grep -q '"leading"'
}
leader=
for one in $(pods master); do if leads "$one"; then leader=$one; fi; done
[ -n "$leader" ] || fail "nobody leads"
exits 0 in_hopt delete "$leader" --force --grace-period=0
another_leads() {
    local one
    for one in $(pods master); do
        if [ "$one" != "$leader" ] && leads "$one"; then return 0; fi
    done
    return 1
}
wait_until 120 "another master leads" another_leads
wait_until 300 "two masters again" ready master 2
say "delete --force of the leading master: another one leads"

# ---- a drained node: the budget keeps a master ----

evict() {
    kubectl create --raw "/api/v1/namespaces/hopt/pods/${1#pod/}/eviction" -f - <<END
{"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "${1#pod/}", "namespace": "hopt"}}
END
}
allowed() {
    [ "$(in_hopt get pdb hopt-master -o 'jsonpath={.status.disruptionsAllowed}')" = 1 ]
}
wait_until 120 "one master may go" allowed
exits 0 kubectl cordon one # as drain does: no pod takes its place
read -r -d '' first second < <(pods master)
evict "$first" >out.txt 2>&1 || fail "no master may be evicted: $(cat out.txt)"
evict "$second" >out.txt 2>&1 && fail "the last master was evicted"
holds out.txt 'disruption budget'
exits 0 kubectl uncordon one
wait_until 300 "two masters again" ready master 2
say "of two masters one may be evicted, the last one not"

# ---- to the end ----

go_on() {
    local one
    study_is "done" && return 0
    for one in $(pods worker); do in_hopt exec "$one" -- touch /tmp/go 2>/dev/null; done
    return 1
}
wait_until 400 "the study is done" go_on
whole 60 "done"
say "the study is done: every trial once"
exits 0 kubectl delete -k overlay --timeout=600s
same "containers left" "" "$(ctr -a "$node/c.sock" -n k8s.io tasks list -q)"
exit 0
