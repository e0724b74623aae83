"""hopt's workers and hyperopt's on one database at once: each evaluates its own, once. Then the
experiment that Python has made goes over to hopt, with the space that fmin left in the database."""
import json
import re
import signal
import subprocess
import sys

from hyperopt import space_eval
from lib import HELPER, Test, check

PYTHON_TRIALS = 24
HOPT_TRIALS = 40

PYTHON_OBJECTIVE = """
import os, time
from hyperopt import hp
space = {"x": hp.uniform("x", -5, 5), "k": hp.choice("k", [1, {"rate": hp.loguniform("rate", -7, 0)}])}
def objective(params):
    with open(%r, "a") as log:
        log.write("%%r\\n" %% params["x"])
    time.sleep(0.3)
    return {"loss": (params["x"] - 1) ** 2, "status": "ok", "attachments": {"x.txt": repr(params["x"]).encode()}}
"""

FMIN = """
import sys
sys.path.insert(0, %r)
import numpy as np
from hyperopt import fmin, rand
from hyperopt.mongoexp import MongoTrials
import python_objective
fmin(python_objective.objective, python_objective.space, algo=rand.suggest, max_evals=%d,
     trials=MongoTrials(%r, exp_key="python"), max_queue_len=6, rstate=np.random.default_rng(3),
     verbose=False)
"""

# Notes its start and its end; trial 5 hangs at its first attempt.
HOPT_OBJECTIVE = """
echo "$HOPT_TRIAL $HOPT_ATTEMPT $PPID" >>began
[ "$HOPT_TRIAL.$HOPT_ATTEMPT" != 5.1 ] || sleep 300
sleep 0.1
echo "$HOPT_TRIAL $HOPT_ATTEMPT" >>ended
echo "$1"
"""


def lines(name):
    try:
        return open(name).read().splitlines()
    except FileNotFoundError:
        return []


def run_both(test):
    test.write("python_objective.py", PYTHON_OBJECTIVE % (test.work + "/python.evaluated"))
    test.write("fmin.py", FMIN % (test.work, PYTHON_TRIALS, test.url))
    test.write("objective.sh", HOPT_OBJECTIVE)
    test.write("study.json", {
        "name": "mixed", "space": {"x": {"_type": "uniform", "_value": [-5, 5]}},
        "objective": {"command": ["sh", test.work + "/objective.sh", "{x}"]},
        "sampler": {"name": "random", "seed": 4}, "stop": {"max_trials": HOPT_TRIALS},
        "trial": {"lease_s": 60}, "queue": {"ahead": 8}})
    for i in range(2):  # without --exp-key: they take what belongs to nobody
        test.start_python_worker("python%d" % i)
    test.hopt("study", "create", "study.json")
    test.start_hopt("master", "hopt-master")
    queued = {"exp_key": "mixed", "state": 0}
    test.wait(240, "a queue", lambda: test.jobs.count_documents(queued) >= 8)
    test.start("fmin", sys.executable, "fmin.py")
    done = {"exp_key": "python", "state": 2}
    test.wait(240, "Python's workers at work", lambda: test.jobs.count_documents(done) >= 4)
    for trial in test.jobs.find({"exp_key": "mixed"}):
        check("untouched", (trial["state"], trial["owner"]), (0, ["hopt"]))
    test.say("Python's workers left hopt's queue alone")

    for i in range(2):
        test.start_hopt("hopt%d" % i, "hopt-worker", "study.json")
    check("Python is still at work", test.jobs.count_documents(done) < PYTHON_TRIALS, True)
    test.wait(240, "trial 5", lambda: any(l.startswith("5 1 ") for l in lines("began")))
    # Killed with its trial: that is queued again, still not for Python.
    owner = test.jobs.find_one({"exp_key": "mixed", "hopt.num": 5})["owner"][0]
    pid = int(owner.split(":")[1])
    victim = next(n for n, p in test.processes.items() if p.pid == pid)
    test.stop(victim, signal.SIGKILL)
    test.start_hopt("hopt2", "hopt-worker", "study.json")
    test.wait(400, "the end of hopt's study", lambda: len(lines("ended")) >= HOPT_TRIALS)
    test.wait(240, "the study is done",
              lambda: '"state":"done"' in test.hopt("study", "show", "mixed", "--json"))
    check("fmin", test.processes["fmin"].wait(timeout=400), 0)
    for name in list(test.processes):
        test.stop(name)


def check_both(test):
    trials = list(test.jobs.find({"exp_key": "mixed"}))
    check("hopt's trials", sorted(t["hopt"]["num"] for t in trials), list(range(HOPT_TRIALS)))
    for trial in trials:
        check("state", trial["state"], 2)
        check("error", trial.get("error"), None)
        check("owner of hopt's " + trial["owner"][0],
              bool(re.fullmatch(r"[^:]+:\d+:[0-9a-f]{8}", trial["owner"][0])), True)
    evaluated = [tuple(map(int, line.split())) for line in lines("ended")]
    check("evaluations by hopt", sorted(n for n, _ in evaluated), list(range(HOPT_TRIALS)))
    check("the killed one's attempt", dict(evaluated)[5], 2)

    docs = list(test.jobs.find({"exp_key": "python"}))
    check("Python's trials", len(docs), PYTHON_TRIALS)
    xs = sorted(doc["misc"]["vals"]["x"][0] for doc in docs)
    check("evaluations by Python", sorted(map(float, lines("python.evaluated"))), xs)
    for doc in docs:
        check("state", doc["state"], 2)
        check("no field of hopt", "hopt" in doc, False)
        check("owner of Python's %s" % doc["owner"],
              bool(re.fullmatch(r"[^:]+:\d+", doc["owner"][0])), True)
    check("no others", test.jobs.count_documents({}), HOPT_TRIALS + PYTHON_TRIALS)
    return docs


def go_over(test, docs):
    made = subprocess.run(
        [sys.executable, HELPER, "--domain", test.url, "--exp-key", "python"],
        capture_output=True, text=True, check=True, cwd=test.work)
    test.write("python.json", made.stdout)
    said = json.loads(test.run("hopt", "import", test.url, "python", "--space", "python.json",
                               "--store", test.store, "--name", "over", "--json"))
    check("said", (said["trials"], said["done"], said["attachments"]),
          (PYTHON_TRIALS, PYTHON_TRIALS, PYTHON_TRIALS))
    import python_objective

    docs.sort(key=lambda doc: doc["tid"])
    files = test.client[test.database]
    for trial, doc in zip(test.trials("over"), docs):
        vals = {k: v[0] for k, v in doc["misc"]["vals"].items() if v}
        check("loss", trial["loss"], doc["result"]["loss"])
        check("params", trial["params"], space_eval(python_objective.space, vals))
        new = test.jobs.find_one({"exp_key": "over", "hopt.num": trial["num"]})
        file = files["fs.files"].find_one({"_id": new["_attachments"][0][1]})
        check("file", file["filename"], "%s_x.txt" % new["_id"])
        chunk = files["fs.chunks"].find_one({"files_id": file["_id"]})
        check("attachment", bytes(chunk["data"]), repr(vals["x"]).encode())
    check("the old ones stay", test.jobs.count_documents({"exp_key": "python"}), PYTHON_TRIALS)


with Test("workers") as t:
    run_both(t)
    go_over(t, check_both(t))
    t.say("%d trials of hopt, %d of Python, each once; Python's went over"
          % (HOPT_TRIALS, PYTHON_TRIALS))
