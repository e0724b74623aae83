#!/usr/bin/env bash
# kubernetes_server.sh: deploy/kubernetes on a real API server with its controllers, and KEDA's own
# definitions: everything is applied as README.md says, slips are refused, pods are admitted under
# the "restricted" standard, scaling and rolling restarts do what we say they do. No node: pods stay
# pending (with one: kubernetes_node.sh). `make test-kubernetes`; builds Kubernetes once.
. "$(dirname "$0")/../system/lib.sh"
# shellcheck source=kubernetes_api.sh
. "$repo/tests/deploy/kubernetes_api.sh"
for tool in etcd openssl; do
    command -v "$tool" >/dev/null || fail "$tool is missing"
done
kubernetes_build kube-apiserver kube-controller-manager keda

api_start
controllers_start
say "the API server answers: $(kubectl version 2>/dev/null | tail -n 1)"

# ---- everything is taken ----

cp -r "$repo/deploy/kubernetes" .
files=$work/kubernetes
echo 'mongodb://hopt:secret@mongo.example/hopt' >"$files/store.uri"
default_account() {
    kubectl -n hopt get serviceaccount default >/dev/null 2>&1
}
hopt_get() {
    kubectl -n hopt get "$@" 2>/dev/null
}

exits 0 kubectl apply -f "$files/namespace.yaml"
wait_until 60 "the namespace has its account" default_account
exits 0 kubectl apply --dry-run=server -k "$files"
same "a dry run makes" "" "$(hopt_get deployments -o name)"
exits 0 kubectl apply -k "$files"
lacks err.txt 'Warning'
cat out.txt >applied.txt
exits 0 kubectl apply -k "$files"
# kubectl says "configured" of every budget: its selector is always sent, and changes nothing.
same "objects" "$(grep -c . applied.txt)" "$(grep -cE ' unchanged$|^poddisruptionbudget' out.txt)"
same "generations after applying again" 1 \
    "$(hopt_get pdb,deployments,networkpolicies -o 'jsonpath={.items[*].metadata.generation}' | tr ' ' '\n' | sort -u)"
say "applied: $(tr '\n' ' ' <applied.txt)"

exits 0 kubectl apply --server-side -k "$kubernetes/keda"
exits 0 kubectl wait --for=condition=Established --timeout=300s crd --all
# A kind is served a moment after its definition is established.
keda_served() {
    kubectl apply --dry-run=server -k "$files/keda" >/dev/null 2>keda.txt
}
wait_until 60 "KEDA's kinds are served" keda_served
exits 0 kubectl apply -k "$files/keda"
lacks err.txt 'Warning'
exits 0 kubectl apply --dry-run=server -f "$files/keda/jobs.yaml"
lacks err.txt 'Warning'
say "KEDA takes its objects"

# ---- slips are not ----

# slip FILE SED WHAT: with this change in a copy the server refuses, and says WHAT.
slip() {
    local what=(-k slip)
    cp -r "$files" slip
    sed -i "$2" "slip/$1"
    ! cmp -s "slip/$1" "$files/$1" || fail "the slip $2 changes nothing"
    case $1 in
    keda/jobs.yaml) what=(-f "slip/$1") ;; # not in keda's kustomization: the other way
    keda/*) what=(-k slip/keda) ;;
    esac
    exits 1 kubectl apply --dry-run=server "${what[@]}"
    holds err.txt "$3"
    rm -rf slip
}
slip master.yaml 's/replicas: 2/replica: 2/' 'unknown field "spec.replica"'
slip master.yaml 's/replicas: 2/replicas: two/' 'replicas'
slip master.yaml 's/containerPort: 9620/containerPort: "http"/' 'containerPort'
slip master.yaml 's/{name: tmp, mountPath/{name: temp, mountPath/' 'Not found: "temp"'
slip worker.yaml 's/periodSeconds: 20/periodSeconds: -1/' 'periodSeconds.*greater than'
slip worker.yaml 's/memory: 512Mi/memory: 5120Mi/' 'less than or equal to memory limit'
slip worker.yaml 's/labels: {app.kubernetes.io\/name: hopt, .*component: worker}$/labels: {a: b}/' \
    'selector.*does not match|does not match.*labels'
slip disruption.yaml 's/  minAvailable: 1/&\n  maxUnavailable: 1/' 'mutually exclusive|cannot be both set'
slip network.yaml 's/port: 27017/prot: 27017/' 'unknown field "spec.egress\[1\].ports\[0\].prot"'
slip keda/workers.yaml 's/pollingInterval: 15/pollingIntervall: 15/' 'unknown field "spec.pollingIntervall"'
slip keda/workers.yaml 's/maxReplicaCount: 8/maxReplicaCount: eight/' 'maxReplicaCount.*integer'
slip keda/workers.yaml 's/query: .*/query: 5/' 'metadata.query.*string'
slip keda/jobs.yaml 's/ restartPolicy: Never/ restartpolicy: Never/' 'unknown field "spec.jobTargetRef.template'
slip keda/jobs.yaml 's/maxReplicaCount: 8/maxReplicaCount: eight/' 'maxReplicaCount.*integer'
slip keda/authentication.yaml 's/parameter: connectionString, //' 'parameter: Required'
say "slips are refused"

# ---- pods: the restricted standard ----

# pod DEPLOYMENT [PYTHON]: a Pod as the Deployment's controller would make it, after a change of `spec`.
pod() {
    kubectl -n hopt get deployment "$1" -o json | /usr/bin/python3 -c '
import json, sys
template = json.load(sys.stdin)["spec"]["template"]
spec = template["spec"]
container = spec["containers"][0]
exec(sys.argv[1])
print(json.dumps({"apiVersion": "v1", "kind": "Pod", "spec": spec, "metadata":
    {"name": "one", "namespace": "hopt", "labels": template["metadata"]["labels"]}}))' "${2:-}"
}
for name in hopt-master hopt-worker; do
    pod "$name" >pod.json
    exits 0 kubectl create --dry-run=server -f pod.json
    lacks err.txt 'Warning'
    while read -r change; do
        pod "$name" "$change" >pod.json
        exits 1 kubectl create --dry-run=server -f pod.json
        holds err.txt 'violates PodSecurity "restricted:latest"'
    done <<'END'
spec["securityContext"]["runAsNonRoot"] = False
spec["securityContext"]["runAsUser"] = 0
del spec["securityContext"]["seccompProfile"]
spec["hostNetwork"] = True
container["securityContext"]["allowPrivilegeEscalation"] = True
container["securityContext"]["capabilities"] = {}
container["securityContext"].update(privileged=True, allowPrivilegeEscalation=True)
spec["volumes"].append({"name": "host", "hostPath": {"path": "/"}})
END
done
# One that KEDA makes: a Job with the template of jobs.yaml.
kubectl create --dry-run=client -o json -f "$files/keda/jobs.yaml" | /usr/bin/python3 -c '
import json, sys
job = json.load(sys.stdin)
print(json.dumps({"apiVersion": "batch/v1", "kind": "Job", "spec": job["spec"]["jobTargetRef"],
    "metadata": {"name": "hopt-worker-job", "namespace": "hopt"}}))' >job.json
exits 0 kubectl create -f job.json
lacks err.txt 'Warning'
# A slip in a Deployment is said when it is applied, not only when its pods do not come.
cp -r "$files" slip
sed -i 's/runAsNonRoot: true/runAsNonRoot: false/' slip/worker.yaml
exits 0 kubectl apply --dry-run=server -k slip
holds err.txt 'Warning: would violate PodSecurity "restricted:latest": runAsNonRoot'
rm -rf slip
say "pods are admitted as they are, and with no slip"

# ---- controllers: pods, scaling, budgets, rolling restarts ----

# pods COMPONENT: how many there are.
pods() {
    hopt_get pods -l "app.kubernetes.io/component=$1,!job-name" -o name | grep -c .
}
pods_are() {
    [ "$(pods master) $(pods worker)" = "$1" ]
}
wait_until 60 "two masters and a worker" pods_are "2 1"
same "their phase" Pending "$(hopt_get pods -o 'jsonpath={.items[*].status.phase}' | tr ' ' '\n' | sort -u)"
job_pod() {
    [ -n "$(hopt_get pods -l job-name=hopt-worker-job -o name)" ]
}
wait_until 60 "the Job has its pod" job_pod
exits 0 kubectl -n hopt delete job hopt-worker-job

# budget NAME: pods expected, pods that must stay.
budget() {
    hopt_get pdb "$1" -o 'jsonpath={.status.expectedPods} {.status.desiredHealthy}'
}
budget_is() {
    [ "$(budget "$1")" = "$2" ]
}
wait_until 60 "the masters' budget" budget_is hopt-master "2 1"
exits 0 kubectl -n hopt scale deployment hopt-worker --replicas 8
wait_until 60 "eight workers" pods_are "2 8"
wait_until 60 "the workers' budget: a quarter may stop" budget_is hopt-worker "8 6"
exits 0 kubectl apply -k "$files"
same "workers after applying again" 8 "$(hopt_get deployment hopt-worker -o 'jsonpath={.spec.replicas}')"
say "scaled to eight: the budget follows, applying again undoes nothing"

owners() {
    hopt_get pods -l app.kubernetes.io/component=worker \
        -o 'jsonpath={range .items[*]}{.metadata.labels.pod-template-hash}{"\n"}{end}' | sort -u
}
before=$(owners)
echo 'mongodb://hopt:other@mongo.example/hopt' >"$files/store.uri"
exits 0 kubectl apply -k "$files"
holds out.txt 'secret/hopt-store configured'
exits 0 kubectl -n hopt rollout restart deployment
new_pods() {
    owners | grep -qvxF "$before"
}
wait_until 60 "pods of the new template" new_pods
say "another address of the store: new pods after a rolling restart"

exits 0 kubectl -n hopt scale deployment hopt-worker --replicas 0
wait_until 60 "no worker" eval '[ "$(pods worker)" = 0 ]'

# ---- away, and once more from nothing ----

no_namespace() {
    exits 1 kubectl get namespace hopt
    holds err.txt 'not found'
}
exits 0 kubectl delete -k "$files/keda" --timeout=600s
exits 0 kubectl delete -k "$files" --timeout=600s
no_namespace
exits 0 kubectl apply -k "$files" # the namespace and what belongs into it at once
wait_until 60 "two masters and a worker" pods_are "2 1"
exits 0 kubectl delete -k "$files" --timeout=600s
no_namespace
say "deleted, applied from nothing, deleted again"
exit 0
