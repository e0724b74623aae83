"""compare.py URI EXPERIMENT STUDY EXPORT: every trial of `hopt export --format jsonl` with every run
in MLflow, by its REST API: params, metrics with their whole histories, tags, status, the tree of
runs. Exit 1 with the differences. RETRIED: nums of trials that were
retried after they had been delivered."""
import json
import math
import os
import sys
import urllib.parse
import urllib.request

uri, experiment, study, export = sys.argv[1:]
problems = []
retried = [int(num) for num in os.environ.get("RETRIED", "").split()]


def call(path, body=None, raw=False):
    request = urllib.request.Request(uri + path, method="GET" if body is None else "POST",
                                     data=None if body is None else json.dumps(body).encode(),
                                     headers={"Content-Type": "application/json"})
    token = os.environ.get("COMPARE_TOKEN")
    if token:
        request.add_header("Authorization", "Bearer " + token)
    with urllib.request.urlopen(request, timeout=60) as reply:
        data = reply.read()
    return data if raw else json.loads(data)


def api(path, body=None, **query):
    if query:
        path += "?" + urllib.parse.urlencode(query)
    return call("/api/2.0/mlflow/" + path, body)


def check(what, wanted, got):
    if wanted != got:
        problems.append("%s: wanted %r, got %r" % (what, wanted, got))


def number(value):
    value = float(value)
    if math.isnan(value):
        return "nan"
    return math.copysign(sys.float_info.max, value) if math.isinf(value) else value


def search(filter):
    found, token = [], None
    while True:
        body = {"experiment_ids": [experiment_id], "filter": filter, "max_results": 1000}
        if token:
            body["page_token"] = token
        reply = api("runs/search", body)
        found += reply.get("runs", [])
        token = reply.get("next_page_token")
        if not token:
            return found


def pairs(items):
    return {item["key"]: item["value"] for item in items or []}


def history(run, key):
    reply = api("metrics/get-history", run_id=run, metric_key=key, max_results=10000)
    return sorted((int(m["step"]), number(m["value"])) for m in reply.get("metrics", []))


def check_trial(trial, run):
    num, name, data = trial["num"], "trial %d" % trial["num"], run["data"]
    run_id, tags, params = run["info"]["run_id"], pairs(data["tags"]), pairs(data["params"])
    check(name + " status", {"done": "FINISHED" if trial["status"] == "ok" else "FAILED",
                             "error": "FAILED", "cancel": "KILLED"}[trial["state"]],
          run["info"]["status"])
    check(name + " run name", "%s-%d" % (study, num), run["info"]["run_name"])
    for key, value in (("study", study), ("state", trial["state"]), ("worker", trial["worker"]),
                       ("attempt", str(trial["attempt"]))):
        check(name + " tag " + key, value, tags.get("hopt." + key))

    # Parameters: choices by name, all else the number.
    wanted = {}
    for label, value in trial["vals"].items():
        if value:
            key = label.replace("[", "_-5b").replace("]", "_-5d").replace("\u00e4", "_-c3_-a4")
            wanted[key] = value[0] if label != "model" else ["svm", "forest"][value[0]]
    got = {key: value if key == "model" else float(value) for key, value in params.items()}
    check(name + " params", wanted, got)

    # Metrics, each point once.
    metrics = {"loss_by_step": [(step * 10, num + step / 8) for step in range(3)]}
    if num in retried:  # of both attempts, each once
        metrics["loss_by_step"] = sorted(2 * metrics["loss_by_step"])
    if trial["state"] == "cancel" and not trial["start"]:
        metrics = {}
    if trial["status"] == "ok":
        metrics.update({"loss": [(0, trial["loss"])], "acc_-5b0_-5d": [(0, num / 4)],
                        "more/f1": [(0, 0.5)], "nan": [(0, "nan")],
                        "inf": [(0, sys.float_info.max)]})
    check(name + " metrics", sorted(metrics), sorted(pairs(data.get("metrics"))))
    for key, points in metrics.items():
        check("%s history of %s" % (name, key), points, history(run_id, key))
    if trial["state"] == "error":
        check(name + " error", True, tags.get("hopt.error", "").startswith(trial["error"]["type"]))
    if num % 10 == 7:
        path = "/api/2.0/mlflow-artifacts/artifacts/%s/%s/artifacts/note.txt"
        check(name + " attachment", b"of trial %d\n" % num,
              call(path % (experiment_id, run_id), raw=True))


def check_study(parent, trials):
    best, points = None, []
    for trial in trials:
        if trial["state"] == "done" and trial["status"] == "ok":
            best = trial["loss"] if best is None else max(best, trial["loss"])
        if best is not None:
            points.append((trial["num"], best))
    check("history of best_loss", points, history(parent["info"]["run_id"], "best_loss"))
    params, tags = pairs(parent["data"]["params"]), pairs(parent["data"]["tags"])
    check("study's sampler", "random", params.get("sampler"))
    check("study's seed", "7", params.get("sampler/seed"))
    check("study's budget", os.environ.get("HOPT_STUDY_BUDGET", str(len(trials))),
          params.get("stop/max_trials"))
    check("study's space", True, "loguniform" in params.get("space", ""))
    check("study's part", True, "space/model/svm/C" in params or "space/model/C" in params)
    check("study's state", "done", tags.get("hopt.state"))
    check("study's status", "FINISHED", parent["info"]["status"])
    check("study's best", str(max(t["loss"] for t in trials if t["status"] == "ok")),
          tags.get("hopt.best_loss"))


experiment_id = api("experiments/get-by-name",
                    experiment_name=experiment)["experiment"]["experiment_id"]
trials = sorted((json.loads(line) for line in open(export)), key=lambda trial: trial["num"])
parents = search("tags.`hopt.study` = '%s' and tags.`mlflow.runName` = '%s'" % (study, study))
check("runs of the study", 1, len(parents))
if len(parents) != 1:
    sys.exit("\n".join(problems))
children = search("tags.`mlflow.parentRunId` = '%s'" % parents[0]["info"]["run_id"])
nums = sorted(int(pairs(run["data"]["tags"])["hopt.num"]) for run in children)
check("runs of trials", [trial["num"] for trial in trials], nums)
by_num = {int(pairs(run["data"]["tags"])["hopt.num"]): run for run in children}
for trial in trials:
    if trial["num"] in by_num:
        check_trial(trial, by_num[trial["num"]])
check_study(parents[0], trials)
if problems:
    sys.exit("\n".join(problems))
print("%d trials, %d runs: the same" % (len(trials), len(children)))
