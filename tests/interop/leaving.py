"""Leaving hyperopt: an old experiment, in MongoDB or pickled, becomes a study of hopt that goes on
from its history; its space is converted, given, or guessed."""
import datetime
import json
import logging
import os
import pickle
import subprocess
import sys

import numpy as np
from hyperopt import Trials, fmin, space_eval, tpe
from hyperopt.mongoexp import MongoTrials
from lib import EVERY_KIND, HELPER, Test, check

OLD = """
import numpy as np
from hyperopt import hp
from hyperopt.pyll import scope

rate = hp.loguniform("rate", np.log(1e-4), 0)
space = {
    "a": hp.choice("a", ["x", "y", [1, 2]]),
    "b": hp.pchoice("b", [(0.2, 0), (0.8, {"r": hp.randint("r", 5)})]),
    "ri": hp.randint("ri", 12, 25), "u": hp.uniform("u", -5, 5),
    "qu": hp.quniform("qu", 0, 10, 3), "qf": hp.quniform("qf", 0, 1, 0.1),
    "int": scope.int(hp.quniform("int", 1, 100, 1)), "lu": hp.loguniform("lu", -10, 0),
    "qlu": hp.qloguniform("qlu", 0, 6, 2), "n": hp.normal("n", 4, 7),
    "qn": hp.qnormal("qn", 0, 10, 2), "ln": hp.lognormal("ln", -2, 2),
    "qln": hp.qlognormal("qln", 0, 2, 1), "ui": hp.uniformint("ui", 1, 8),
    "model": hp.choice("model", [
        {"t": "svm", "rate": rate,
         "k": hp.choice("k", [{"deg": hp.uniformint("deg", 1, 4)}, "rbf"])},
        {"t": "knn", "n": hp.quniform("nn", 1, 50, 1)},
        {"t": "mlp", "rate": rate, "act": hp.choice("act", [np.tanh, "relu"])}]),
    "const": [3, None], "pair": (hp.uniform("p0", 0, 1), 2),
}
bad = {"x": 2 * hp.uniform("x", 0, 1), "y": scope.int(hp.uniform("y", 0, 1)),
       "z": hp.uniform("z", 0, hp.uniform("w", 1, 2))}


def loss(params):
    if params["u"] > 4.5:
        raise ValueError("too much")
    if params["u"] < -4.5:
        return {"status": "fail", "status_fail": "too little"}
    return {"status": "ok", "loss": (params["u"] - 1) ** 2 + params["lu"], "extra": [1, {"a": 2.0}]}
"""
logging.disable(logging.CRITICAL)  # hyperopt tells of every objective that raises
EVALS = 80
GOES_ON = 6


def make_old(test):
    """Eighty trials in memory, pickled; the same in MongoDB as a worker would leave them, with two
    that did not end and an attachment each."""
    test.write("old.py", OLD)
    import old

    memory = Trials()
    fmin(old.loss, old.space, algo=tpe.suggest, max_evals=EVALS, trials=memory, verbose=False,
         rstate=np.random.default_rng(1), catch_eval_exceptions=True)
    with open("trials.pkl", "wb") as file:
        pickle.dump(memory, file)
    docs = [json.loads(json.dumps(doc, default=lambda v: v.item() if hasattr(v, "item") else None))
            for doc in memory._dynamic_trials]
    mongo = MongoTrials(test.url, exp_key="old")
    tids = mongo.new_trial_ids(EVALS + 2)
    now = datetime.datetime(2026, 3, 4, 5, 6, 7, 89000)
    for tid, doc in zip(tids, docs + docs[:2]):
        doc = json.loads(json.dumps(doc))
        misc = doc["misc"]
        doc.update(tid=tid, exp_key="old", owner=["old-host:77"], book_time=now, version=3,
                   refresh_time=now + datetime.timedelta(seconds=2))
        misc.update(tid=tid, idxs={k: [tid] * len(v) for k, v in misc["idxs"].items()})
        error = misc.pop("error", None)
        if error:
            doc["error"] = error
        if tid in tids[-2:]:  # waiting, and running
            doc.update(state=0 if tid == tids[-1] else 1, result={"status": "new"},
                       owner=None if tid == tids[-1] else doc["owner"])
        mongo.insert_trial_docs([doc])
    mongo.refresh()
    for trial in mongo.trials[:5]:
        mongo.trial_attachments(trial)["model.bin"] = bytes(range(256)) * (trial["tid"] + 1)
    return old, docs, memory


def study_file(test, name, **more):
    """The study of the exact space, with an objective."""
    if not os.path.exists("exact.json"):
        test.write("exact.json", helper("--domain", "old.py:space"))
    study = dict(json.load(open("exact.json")), name=name)
    study["objective"] = {"command": ["echo", "{u}"]}
    study["sampler"] = {"name": "tpe", "seed": 3}
    study["stop"] = {"max_trials": EVALS + GOES_ON}
    study.update(more)
    test.write(name + ".json", study)
    return study


def helper(*words, code=0):
    done = subprocess.run([sys.executable, HELPER, *words], capture_output=True, text=True)
    check("exit of the helper: " + done.stderr, done.returncode, code)
    return done.stderr if code else done.stdout


def names_of_functions(params):
    """What the helper makes of what is no JSON."""
    params["pair"] = list(params["pair"])
    if isinstance(params["a"], tuple):
        params["a"] = list(params["a"])
    params["const"] = list(params["const"])
    model = params["model"]
    if model["t"] == "mlp" and model["act"] is np.tanh:
        model["act"] = "tanh"
    return params


def compare(old, docs, trials):
    check("trials", [t["num"] for t in trials], list(range(EVALS)))
    for trial, doc in zip(trials, docs):
        wanted = {2: "done", 3: "error"}[doc["state"]]
        check("state", trial["state"], wanted)
        check("status", trial["status"], doc["result"]["status"])
        check("loss", trial["loss"], doc["result"].get("loss"))
        check("vals", {k: v for k, v in trial["vals"].items()},
              {k: v for k, v in doc["misc"]["vals"].items()})
        vals = {k: v[0] for k, v in doc["misc"]["vals"].items() if v}
        params = names_of_functions(space_eval(old.space, vals))
        # 6 and 6.0: hopt gives integers where q is whole.
        assert trial["params"] == params, (trial["params"], params)
        if wanted == "error":
            check("error", trial["error"],
                  {"type": "<class 'ValueError'>", "message": "too much"})
        elif trial["status"] == "ok":
            check("extras", trial["extras"], {"extra": [1, {"a": 2.0}]})
    states = [t["state"] for t in trials]
    check("some of each", states.count("error") > 1 and states.count("done") > 20, True)


def goes_on(test, name, store):
    """hopt run: the next numbers, and what the sampler proposes from that history and seed."""
    test.hopt("export", name, "-o", "history.jsonl", store=store)
    test.hopt("run", name + ".json", "-q", "-j", "1", store=store)
    trials = test.trials(name, store=store)
    check("nums", [t["num"] for t in trials], list(range(EVALS + GOES_ON)))
    check("the new ones", {t["state"] for t in trials[EVALS:]}, {"done"})
    first = trials[EVALS]
    out = test.run("hopt", "suggest", name + ".json", "--history", "history.jsonl", "--seed",
                   str(first["seed"]), "--json")
    check("the first proposal is the sampler's, from the old history",
          json.loads(out)["vals"], first["vals"])
    out = test.run("hopt", "suggest", name + ".json", "--seed", str(first["seed"]), "--json")
    check("without it there is another", json.loads(out)["vals"] != first["vals"], True)


def from_mongo(test, old, docs):
    study_file(test, "fresh")
    said = json.loads(test.hopt("import", test.url, "old", "--space", "fresh.json", "--json",
                                store="sqlite:fresh.hopt.db"))
    check("said", [said[k] for k in ("study", "trials", "not_ended", "bad", "attachments")],
          ["fresh", EVALS, 2, 0, 5])
    trials = test.trials("fresh", store="sqlite:fresh.hopt.db")
    compare(old, docs, trials)
    check("times", (trials[0]["start"], trials[0]["end"], trials[0]["worker"]),
          ("2026-03-04T05:06:07.089Z", "2026-03-04T05:06:09.089Z", "old-host:77"))
    goes_on(test, "fresh", "sqlite:fresh.hopt.db")
    test.hopt("import", test.url, "old", "--space", "fresh.json", code=6,
              store="sqlite:fresh.hopt.db")
    check("its message", "is in sqlite:fresh.hopt.db already" in test.errors, True)

    # Into the same database, under another name: never under the old one.
    test.hopt("import", test.url, "old", "--space", "fresh.json", "--name", "old", code=6)
    check("its message", "give the study another name" in test.errors, True)
    test.hopt("import", test.url, "old", "--space", "fresh.json", "--name", "beside")
    compare(old, docs, test.trials("beside"))
    beside = MongoTrials(test.url, exp_key="beside")
    for trial in beside.trials[:5]:
        check("attachment", beside.trial_attachments(trial)["model.bin"][:512],
              bytes(range(256)) * min(2, 1 + docs_tid(test, trial)))
    # A study with attachments moves on to another store, and back into a MongoDB.
    test.run("hopt", "copy", test.store, "sqlite:moved.hopt.db", "--study", "beside")
    test.hopt("study", "delete", "beside", "--yes")
    test.run("hopt", "copy", "sqlite:moved.hopt.db", test.store)
    beside = MongoTrials(test.url, exp_key="beside")
    check("attachments after two moves",
          [len(beside.trial_attachments(t)["model.bin"]) for t in beside.trials[:5]],
          [256 * (1 + docs_tid(test, t)) for t in beside.trials[:5]])


def docs_tid(test, trial):
    """The old tid of an imported trial."""
    olds = test.jobs.find({"exp_key": "old", "state": {"$in": [2, 3]}}).sort("tid", 1)
    return [doc["tid"] for doc in olds][trial["hopt"]["num"]]


def from_pickle(test, old, docs):
    test.write("trials.jsonl", helper("trials.pkl"))
    study_file(test, "pickled")
    test.hopt("import", "trials.jsonl", "--space", "pickled.json", store="sqlite:pickled.hopt.db")
    compare(old, docs, test.trials("pickled", store="sqlite:pickled.hopt.db"))
    goes_on(test, "pickled", "sqlite:pickled.hopt.db")
    test.hopt("import", "-", "--space", "pickled.json", "--name", "piped",
              store="sqlite:piped.hopt.db", text=open("trials.jsonl").read())
    compare(old, docs, test.trials("piped", store="sqlite:piped.hopt.db"))
    problems = helper("--domain", "old.py:bad", code=1)
    for text in ("x: mul()", "y: `y`: int() around a uniform", "z: high is computed"):
        check("%s in %s" % (text, problems), text in problems, True)


def there_and_back(test):
    """hopt's space as a Python module, and that as a study file: the same space. (hopt counts the
    order of members, hyperopt sorts them.)"""
    space = json.loads(json.dumps(EVERY_KIND, sort_keys=True))
    test.write("every.json", {"name": "every", "space": space})
    test.hopt("study", "create", "every.json", store="sqlite:every.hopt.db")
    test.hopt("export", "every", "--format", "hyperopt-space", "-o", "every_space.py",
              store="sqlite:every.hopt.db")
    test.write("again.json", helper("--domain", "every_space.py:space", "--name", "every"))
    # Another space under the same name would be a conflict that names the label.
    test.hopt("study", "create", "again.json", store="sqlite:every.hopt.db")


def outside(test):
    """A space that is too narrow: tid and label are named, and nothing is written."""
    study = study_file(test, "narrow")
    study["space"]["u"]["_value"] = [-5, 4.5]
    test.write("narrow.json", study)
    test.hopt("import", test.url, "old", "--space", "narrow.json", code=2,
              store="sqlite:narrow.hopt.db")
    check("tid and label", "tid " in test.errors and "`u`" in test.errors, True)
    check("nothing was made", os.path.exists("narrow.hopt.db"), False)
    said = json.loads(test.hopt("import", test.url, "old", "--space", "narrow.json", "--skip-bad",
                                "--json", store="sqlite:narrow.hopt.db"))
    check("left out", said["bad"] > 0 and said["trials"] == EVALS - said["bad"], True)


def guessed(test, old, docs, memory):
    test.hopt("import", test.url, "old", "--write-study", "guess.json")
    text = open("guess.json").read()
    for part in ('"_type": "loguniform"', "Or a choice or pchoice", "// Made by"):
        check(part, part in text, True)
    test.hopt("import", test.url, "old", "--write-study", "guess.json", code=1)
    check("an existing file stays", open("guess.json").read(), text)
    test.run("hopt", "check", "guess.json")
    test.write("objective.json", text.replace("// \"objective\": {\"command\": [\"python3\", \"train.py\"]}",
                                              "\"objective\": {\"command\": [\"echo\", \"{u}\"]}"))
    test.hopt("import", test.url, "old", "--space", "objective.json", "--name", "guess",
              store="sqlite:guess.hopt.db")
    trials = test.trials("guess", store="sqlite:guess.hopt.db")
    check("losses", [t["loss"] for t in trials], [d["result"].get("loss") for d in docs])
    # The tree is found: what depends on what.
    for trial, doc in zip(trials, docs):
        active = {k for k, v in doc["misc"]["vals"].items() if v}
        check("active labels", {k for k, v in trial["vals"].items() if v}, active)
    test.hopt("run", "objective.json", "--name", "guess", "-q", "--max-trials", str(EVALS + 5),
              store="sqlite:guess.hopt.db")
    check("goes on", len(test.trials("guess", store="sqlite:guess.hopt.db")), EVALS + 5)
    # At once, without a look at it.
    test.hopt("import", test.url, "old", store="sqlite:at_once.hopt.db")
    check("at once", len(test.trials("old", store="sqlite:at_once.hopt.db")), EVALS)


def mistakes(test):
    test.hopt("import", test.url, "odl", code=4)
    check("keys that are there", "there are: old (82)" in test.errors, True)
    test.hopt("import", test.url, "fresh2", "--write-study", "x.json", "--space", "fresh.json",
              code=2)
    test.hopt("import", "beside.jsonl", code=2)
    test.hopt("import", test.url, "beside", code=2)
    check("a study of hopt", "hopt copy" in test.errors, True)
    MongoTrials(test.url, exp_key="second").insert_trial_docs(
        [dict(test.jobs.find_one({"exp_key": "old"}, {"_id": 0}), exp_key="second")])
    test.hopt("import", test.url, code=2)
    check("which one", "old (82), second (1)" in test.errors, True)


with Test("leaving") as t:
    the_old = make_old(t)
    t.say("an old experiment of %d trials" % EVALS)
    from_mongo(t, *the_old[:2])
    t.say("from MongoDB: the same trials, and it goes on")
    from_pickle(t, *the_old[:2])
    t.say("from a pickle: the same")
    there_and_back(t)
    outside(t)
    guessed(t, *the_old)
    t.say("with a guessed space too")
    mistakes(t)
