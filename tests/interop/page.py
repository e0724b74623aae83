"""docs/hyperopt.md: its blocks are run in their order, with only the names of servers replaced."""
import contextlib
import io
import json
import os
import pickle
import re
import subprocess
import sys

import numpy as np
from hyperopt import Trials, fmin, rand
from hyperopt.mongoexp import MongoTrials
from lib import BIN, REPO, Test, check

TRAIN = """
from hyperopt import hp
space = {"C": hp.loguniform("C", -5, 5), "k": hp.choice("k", ["rbf", {"deg": hp.uniformint("deg", 1, 4)}])}
def objective(params):
    return params["C"]
"""


def blocks():
    with open(os.path.join(REPO, "docs", "hyperopt.md"), encoding="utf-8") as file:
        return re.findall(r"^```(sh|python)\n(.*?)^```", file.read(), re.M | re.S)


def prepare(test):
    """A study `digits`, an old experiment `exp1`, and a pickled Trials, as the page has them."""
    os.symlink(os.path.join(REPO, "examples"), "examples")
    os.mkdir("bin")
    test.write("bin/python3", "#!/bin/sh\nexec %s \"$@\"\n" % sys.executable)
    os.chmod("bin/python3", 0o755)
    test.write("digits.json", {
        "name": "digits", "space": {"x": {"_type": "uniform", "_value": [0, 1]}},
        "objective": {"command": ["sh", "-c", "cd $HOPT_WORKDIR; echo 1 >m; echo \"$0\"; "
                                  "echo '{{\"attach\":{{\"name\":\"m\",\"file\":\"m\"}}}}'; "
                                  "echo '{{\"result\":{{\"loss\":'\"$0\"'}}}}'", "{x}"]},
        "sampler": {"name": "random", "seed": 4}, "stop": {"max_trials": 25}})
    test.hopt("run", "digits.json", "-q", "-j", "2")
    test.write("train.py", TRAIN)
    import train

    trials = Trials()
    fmin(train.objective, train.space, algo=rand.suggest, max_evals=30, trials=trials,
         rstate=np.random.default_rng(2), verbose=False)
    with open("trials.pkl", "wb") as file:
        pickle.dump(trials, file)
    docs = [dict(json.loads(json.dumps(doc, default=lambda v: getattr(v, "item", v.__str__)())),
                 exp_key="exp1", book_time=None, refresh_time=None) for doc in trials.trials]
    MongoTrials(test.url, exp_key="exp1").insert_trial_docs(docs)
    return train


def add_objective(name):
    if not os.path.exists(name):
        return
    with open(name) as file:
        study = json.load(file)
    study["objective"] = {"command": ["echo", "{C}"]}
    with open(name, "w") as file:
        json.dump(study, file)


def run(test):
    train = prepare(test)
    names = {"objective": lambda params: params["x"]}
    environment = dict(os.environ, PATH="%s/bin:%s:%s" % (test.work, BIN, os.environ["PATH"]))
    environment["HOPT_STORE"] = test.store
    counts = {"sh": 0, "python": 0}
    for kind, body in blocks():
        counts[kind] += 1
        body = body.replace("mongo://db.example:27017/hyperopt/jobs", test.url)
        body = body.replace("mongodb://db.example/hopt", test.store)
        check("a server is left in " + body, "db.example" in body, False)
        out = io.StringIO()
        if kind == "sh":
            done = subprocess.run(["bash", "-euc", body], capture_output=True, text=True,
                                  env=environment, cwd=test.work)
            check(body + done.stdout + done.stderr, done.returncode, 0)
        else:
            with contextlib.redirect_stdout(out):
                exec(compile(body, "docs/hyperopt.md", "exec"), names)
        add_objective("exp1.json")
        test.say(body.splitlines()[0])
    check("blocks", counts, {"sh": 5, "python": 2})
    check("more trials", len(names["more"]), 35)
    over = test.trials("exp1", store="sqlite:exp1.hopt.db")
    check("imported and gone on", len(over), 60)
    check("losses", [t["loss"] for t in over[:30]], [t["params"]["C"] for t in over[:30]])
    check("params", set(over[0]["params"]), set(train.space))
    check("pickled", len(test.trials("exp1-pickled", store="sqlite:pickled.hopt.db")), 30)
    check("a guess", "Made by" in open("guess.json").read(), True)


with Test("page") as t:
    run(t)
