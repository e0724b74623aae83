#!/usr/bin/env python3
"""manifests.py FILE...: checks rendered manifests of deploy/kubernetes: each object against the
schema of its kind, then that they fit together. Prints what is wrong; exit code 1 when anything is."""
import re
import sys

import kubernetes_validate
import yaml

VERSION = "1.32"
problems = []

# The part of KEDA's own definitions (v2.17) that we use, with nothing else allowed.
TRIGGER = {
    "type": str,
    "authenticationRef": {"name": str},
    "metadata": {"dbName": str, "collection": str, "query": str, "queryValue": str},
}
KEDA = {
    "TriggerAuthentication": {"secretTargetRef": [{"parameter": str, "name": str, "key": str}]},
    "ScaledObject": {
        "scaleTargetRef": {"name": str},
        "pollingInterval": int,
        "cooldownPeriod": int,
        "minReplicaCount": int,
        "maxReplicaCount": int,
        "advanced": {
            "horizontalPodAutoscalerConfig": {
                "behavior": {"scaleDown": {"stabilizationWindowSeconds": int}}
            }
        },
        "triggers": [TRIGGER],
    },
    "ScaledJob": {
        "pollingInterval": int,
        "maxReplicaCount": int,
        "successfulJobsHistoryLimit": int,
        "failedJobsHistoryLimit": int,
        "jobTargetRef": {"backoffLimit": int, "template": dict},
        "triggers": [TRIGGER],
    },
}


def problem(what, text):
    problems.append(f"{what['kind']} {what['metadata']['name']}: {text}")


def shape(what, value, wanted, path):
    if isinstance(wanted, type):
        if type(value) is not wanted:
            problem(what, f"{path}: {value!r} is no {wanted.__name__}")
    elif isinstance(wanted, list):
        for i, one in enumerate(value if isinstance(value, list) else [None]):
            shape(what, one, wanted[0], f"{path}[{i}]")
    elif not isinstance(value, dict):
        problem(what, f"{path}: not an object")
    else:
        for key, one in value.items():
            if key in wanted:
                shape(what, one, wanted[key], f"{path}.{key}")
            else:
                problem(what, f"{path}.{key}: not known")


def check_schema(what):
    if what["apiVersion"].startswith("keda.sh/"):
        shape(what, what["spec"], KEDA[what["kind"]], "spec")
        template = what["spec"].get("jobTargetRef", {}).get("template")
        if template:  # as the Job that KEDA makes of it
            job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "x"},
                   "spec": {"template": template}}
            check_schema(job)
        return
    try:
        kubernetes_validate.validate(what, VERSION, strict=True)
    except kubernetes_validate.ValidationError as error:
        problem(what, f"{'.'.join(map(str, error.path))}: {error.message}")


def seconds(args, option, default):
    text = args[args.index(option) + 1] if option in args else default
    number, unit = re.fullmatch(r"([0-9]+)([smh])", text).groups()
    return int(number) * {"s": 1, "m": 60, "h": 3600}[unit]


def check_pod(what, spec, names):
    """A pod: hardened, ended gently, and with all it refers to."""
    if spec["securityContext"].get("runAsNonRoot") is not True:
        problem(what, "may run as root")
    if spec["securityContext"].get("seccompProfile") != {"type": "RuntimeDefault"}:
        problem(what, "no seccomp profile")
    if spec.get("automountServiceAccountToken") is not False:
        problem(what, "gets the API's token")
    volumes = {}
    for volume in spec["volumes"]:
        volumes[volume["name"]] = volume
        for kind, key, group in (("configMap", "name", "ConfigMap"), ("secret", "secretName", "Secret")):
            if kind in volume and (group, volume[kind][key]) not in names:
                problem(what, f"no {group} {volume[kind][key]}")
    for container in spec["containers"]:
        context = container["securityContext"]
        if (context.get("allowPrivilegeEscalation") is not False
                or context.get("readOnlyRootFilesystem") is not True
                or context.get("capabilities") != {"drop": ["ALL"]}):
            problem(what, f"{container['name']}: not hardened")
        mounts = {m["mountPath"]: volumes.get(m["name"]) for m in container["volumeMounts"]}
        if None in mounts.values():
            problem(what, f"{container['name']}: a mount of no volume")
        store = next(e["value"] for e in container["env"] if e["name"] == "HOPT_STORE")
        if not store.startswith("@") or "secret" not in (mounts.get(store[1:].rsplit("/", 1)[0]) or {}):
            problem(what, f"{container['name']}: the store's address is not from a secret: {store}")
        args = container["args"]
        if args[0] == "hopt-worker":
            grace = seconds(args, "--grace", "30s")
            if spec["terminationGracePeriodSeconds"] < grace + 10:
                problem(what, f"is killed within its --grace of {grace} s")
        if what["kind"] == "Deployment":
            for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
                path = container[probe]["httpGet"]["path"]
                if path != ("/readyz" if probe == "readinessProbe" else "/healthz"):
                    problem(what, f"{probe}: {path}")
            port = args[args.index("--http") + 1].rsplit(":", 1)[1]
            if container["ports"] != [{"name": "http", "containerPort": int(port)}]:
                problem(what, "its port is not that of --http")


def covers(selector, labels):
    return all(labels.get(key) == value for key, value in selector.items())


def check_together(all_):
    names = {(what["kind"], what["metadata"]["name"]) for what in all_}
    templates = []
    for what in all_:
        if what["kind"] in ("Deployment", "ScaledJob"):
            spec = what["spec"]
            template = spec.get("jobTargetRef", spec)["template"]
            templates.append(template["metadata"]["labels"])
            check_pod(what, template["spec"], names)
            if "selector" in spec and not covers(spec["selector"]["matchLabels"], templates[-1]):
                problem(what, "its selector is not its pods'")
    for what in all_:
        spec, kind = what.get("spec", {}), what["kind"]
        if what["kind"] != "Namespace" and what["metadata"].get("namespace") != "hopt":
            problem(what, "not in the namespace hopt")
        selector = {"PodDisruptionBudget": ("selector", "matchLabels"), "Service": ("selector",),
                    "NetworkPolicy": ("podSelector", "matchLabels")}.get(kind)
        if selector:
            for key in selector:
                spec = spec[key]
            if not any(covers(spec, labels) for labels in templates):
                problem(what, "selects no pod")
        elif kind == "ScaledObject" and ("Deployment", spec["scaleTargetRef"]["name"]) not in names:
            problem(what, "scales nothing that is there")
        elif kind == "TriggerAuthentication":
            for ref in spec["secretTargetRef"]:
                secret = next((w for w in all_ if w["kind"] == "Secret"
                               and w["metadata"]["name"] == ref["name"]), {"data": {}})
                if ref["key"] not in secret["data"]:
                    problem(what, f"no secret {ref['name']} with {ref['key']}")
        for trigger in spec.get("triggers", []) if isinstance(spec, dict) else []:
            if ("TriggerAuthentication", trigger["authenticationRef"]["name"]) not in names:
                problem(what, "an authentication that is not there")


everything = []
for file in sys.argv[1:]:
    with open(file) as source:
        everything += [what for what in yaml.safe_load_all(source) if what]
for one in everything:
    check_schema(one)
check_together(everything)
for line in problems:
    print(line)
if not everything:
    print("nothing to check")
for one in everything:
    spec = one.get("spec", {})
    for container in (spec.get("jobTargetRef", spec).get("template", {}).get("spec", {})
                      .get("containers", [])):
        print("args:", " ".join(container["args"]))
sys.exit(1 if problems or not everything else 0)
