"""Python's hyperopt reads a study of hopt, while it runs and after, and goes on from its history."""
import importlib
import json
import math
import os
import random

import numpy as np
from hyperopt import fmin, plotting, rand, space_eval, tpe, trials_from_docs
from hyperopt.base import Domain
from hyperopt.mongoexp import MongoTrials
from lib import EVERY_KIND, Test, check

TRIALS = 50

# Some fail, some are errors, all others leave an attachment.
OBJECTIVE = """
cd "$HOPT_WORKDIR" || exit 1
printf 'attachment of %s\\n' "$HOPT_TRIAL" >note.txt
case $1 in
0) echo '{"result":{"status":"fail","status_fail":"no luck"}}'; exit 0 ;;
1) echo oops; exit 3 ;;
esac
echo '{"attach":{"name":"note.txt","file":"note.txt"}}'
awk -v u="$2" 'BEGIN { printf("{\\"result\\":{\\"loss\\":%.17g,\\"extra\\":[1,{\\"a\\":2}]}}\\n", (u - 1) ^ 2) }'
"""


def by_tid(trials):
    return {trial["tid"]: trial for trial in trials}


def compare(trials, lines, jobs):
    """MongoTrials and the trials that hopt shows: the same."""
    lines = by_tid(line for line in lines if line["state"] != "error")
    check("len", len(trials), len(lines))
    check("tids", sorted(trials.tids), sorted(lines))
    for trial, loss, status in zip(trials.trials, trials.losses(), trials.statuses()):
        line = lines[trial["tid"]]
        check("loss", loss, line["loss"])
        check("status", status, line["status"])
        check("vals", trial["misc"]["vals"], line["vals"])
        extras = {k: v for k, v in trial["result"].items()
                  if k not in ("loss", "status", "status_fail")}
        check("extras", extras, line["extras"])
    for label, column in trials.vals.items():
        check(label, column, [v for trial in trials.trials for v in trial["misc"]["vals"][label]])
    check("stored documents", jobs.count_documents({}) >= len(lines), True)


def draw(trials, space, folder):
    """All three plots; each shows something."""
    import matplotlib.pyplot as plt

    seen = {}
    for name, plot in (
            ("history", lambda: plotting.main_plot_history(trials, do_show=False)),
            ("histogram", lambda: plotting.main_plot_histogram(trials, do_show=False)),
            ("vars", lambda: plotting.main_plot_vars(trials, do_show=False, columns=4))):
        plt.close("all")
        plt.figure(figsize=(12, 12))
        plot()
        path = os.path.join(folder, name + ".png")
        plt.savefig(path)
        axes = plt.gcf().get_axes()
        seen[name] = sum(len(a.collections) + len(a.lines) + len(a.patches) for a in axes)
        check("size of " + path, os.path.getsize(path) > 8000, True)
        if name == "vars":  # one for each label
            check("axes", len([a for a in axes if a.get_title()]), len(trials.vals))
    for name, count in seen.items():
        check("things drawn in " + name, count > 0, True)


def go_on(trials, module):
    """Python's own tpe.suggest, from hopt's history. With too little of one it would draw what
    rand.suggest draws from the same seed."""
    domain = Domain(lambda params: params["u"] ** 2, module.space)
    labels = set(trials.trials[0]["misc"]["vals"])
    for seed in range(8):
        doc = tpe.suggest([10 ** 6 + seed], domain, trials, seed=seed)[0]
        drawn = rand.suggest([10 ** 6 + seed], domain, trials, seed=seed)[0]
        vals = doc["misc"]["vals"]
        check("labels", set(vals), labels)
        check("drawn from the history", vals["u"] != drawn["misc"]["vals"]["u"], True)
        params = space_eval(module.space, {k: v[0] for k, v in vals.items() if v})
        check("keys", set(params), set(EVERY_KIND))

    whole = trials_from_docs([t for t in trials.trials], exp_key=trials._exp_key)
    before = len(whole)
    fmin(lambda params: (params["u"] - 1) ** 2, module.space, algo=tpe.suggest,
         max_evals=before + 5, trials=whole, verbose=False, rstate=np.random.default_rng(1),
         allow_trials_fmin=False)
    check("fmin goes on", len(whole), before + 5)


def every_kind(test):
    test.write("objective.sh", OBJECTIVE)
    test.write("study.json", {
        "name": "kinds", "space": EVERY_KIND,
        "objective": {"command": ["sh", test.work + "/objective.sh", "{ri}", "{u}"]},
        "sampler": {"name": "tpe", "seed": 4}, "stop": {"max_trials": TRIALS}})
    test.hopt("study", "create", "study.json")
    test.hopt("export", "kinds", "--format", "hyperopt-space", "-o", "kinds_space.py")
    module = importlib.import_module("kinds_space")
    trials = module.open_trials()
    check("type", type(trials), MongoTrials)
    check("len of a new study", len(trials), 0)

    test.start_hopt("master", "hopt-master")
    test.start_hopt("worker", "hopt-worker", "--slots", "2", "--max-failures", "50", "study.json")

    def done(n):
        trials.refresh()
        return len(trials) >= n and sum(s == "ok" for s in trials.statuses()) >= n

    test.wait(400, "15 trials", lambda: done(15))
    # While it runs: one look, in itself consistent.
    trials.refresh()
    check("losses while it runs", len(trials.losses()), len(trials))
    best = trials.best_trial
    check("best while it runs", best["result"]["loss"],
          min(l for l, s in zip(trials.losses(), trials.statuses()) if s == "ok"))
    check("params of the best while it runs", space_eval(module.space, trials.argmin),
          best["hopt"]["params"])
    test.say("read while it runs: %d trials" % len(trials))

    test.wait(400, "the end", lambda: "done" in test.hopt("study", "list"))
    test.stop("worker")
    test.stop("master")
    trials.refresh()
    lines = test.trials("kinds")
    states = {state: sum(line["state"] == state for line in lines) for state in ("done", "error")}
    check("some are errors", states["error"] > 0 and sum(states.values()) == TRIALS, True)
    check("some fail", "fail" in trials.statuses(), True)
    compare(trials, lines, test.jobs)

    best = json.loads(test.hopt("best", "kinds", "--json"))
    check("best", trials.best_trial["result"]["loss"], best["loss"])
    check("num of the best", trials.best_trial["hopt"]["num"], best["num"])
    argmin = {k: v[0] for k, v in trials.best_trial["misc"]["vals"].items() if v}
    check("argmin", trials.argmin, argmin)
    check("params of the best", space_eval(module.space, trials.argmin),
          trials.best_trial["hopt"]["params"])
    for line in lines:
        vals = {label: v[0] for label, v in line["vals"].items() if v}
        check("params of %d" % line["num"], space_eval(module.space, vals), line["params"])
    test.say("%d trials: the same as hopt shows, params too" % len(lines))

    files = 0
    for trial in trials.trials:
        attachments = trials.trial_attachments(trial)
        if trial["result"]["status"] != "ok":
            continue
        check("names", list(attachments), ["note.txt"])
        check("attachment", attachments["note.txt"],
              b"attachment of %d\n" % trial["hopt"]["num"])
        files += 1
    check("some have attachments", files > 20, True)

    folder = os.environ.get("INTEROP_PLOTS") or test.work
    draw(trials, module.space, folder)
    test.say("three plots drawn, %d attachments read" % files)
    go_on(trials, module)
    test.say("tpe.suggest and fmin go on")


def maximized(test):
    """A maximized study: losses are negated, and the module says so. From a SQLite store too."""
    test.write("max.json", {
        "name": "max", "space": {"x": {"_type": "uniform", "_value": [0, 1]}},
        "direction": "maximize", "objective": {"command": ["echo", "{x}"]},
        "sampler": {"name": "random", "seed": 4}, "stop": {"max_trials": 10}})
    test.run("hopt", "run", "max.json", "--store", "sqlite:max.hopt.db", "-q")
    lines = test.trials("max", store="sqlite:max.hopt.db")
    test.run("hopt", "export", "max", "-o", "max.jsonl")
    test.run("hopt", "export", "max", "--format", "hyperopt-space", "-o", "max_file.py")
    from_file = importlib.import_module("max_file")
    test.run("hopt", "copy", "sqlite:max.hopt.db", test.store)
    test.hopt("export", "max", "--format", "hyperopt-space", "-o", "max_mongo.py")
    from_mongo = importlib.import_module("max_mongo")
    check("it says so", "losses are negated" in open("max_mongo.py").read(), True)
    best = max(line["loss"] for line in lines)
    for module in (from_file, from_mongo):
        trials = module.open_trials()
        check("len", len(trials), 10)
        check("losses", sorted(trials.losses()), sorted(-line["loss"] for line in lines))
        check("best", trials.best_trial["result"]["loss"], -best)
        check("params", math.isclose(space_eval(module.space, trials.argmin)["x"], best), True)


KEYS = ["a", "b c", "class", "\u00e9", "q\"uote", "back\\slash", "x-1", "'", "7", "{y}"]


def random_param(rng, depth):
    low, wide = rng.uniform(-10, 10), rng.uniform(0.5, 20)
    positive = 10 ** rng.uniform(-4, 2)
    q = rng.choice([0.1, 0.25, 1, 2, 7])
    kind, value = rng.choice([
        ("uniform", [low, low + wide]), ("quniform", [low, low + wide, q]),
        ("uniformint", [int(low), int(low) + rng.randrange(1, 9)]),
        ("loguniform", [positive, positive * (1 + wide)]),
        ("qloguniform", [positive, positive * (1 + wide), q]), ("normal", [low, wide]),
        ("qnormal", [low, wide, q]), ("lognormal", [low / 5, wide / 10]),
        ("qlognormal", [low / 5, wide / 10, q]), ("randint", [rng.randrange(1, 9)]),
        ("randint", [-3, rng.randrange(-2, 9)]), ("choice", None), ("choice", None),
        ("pchoice", None)])
    if value is None:
        value = [random_node(rng, depth + 1) for _ in range(rng.randrange(1, 4))]
        if kind == "pchoice":
            value = [[1 / len(value), option] for option in value]
    return {"_type": kind, "_value": value}


def random_node(rng, depth=0):
    kind = rng.random() + depth * 0.1
    if depth < 4 and kind < 0.45:
        return random_param(rng, depth)
    if depth < 4 and kind < 0.6:
        return [random_node(rng, depth + 1) for _ in range(rng.randrange(4))]
    if depth < 4 and kind < 0.8:
        return {key: random_node(rng, depth + 1) for key in rng.sample(KEYS, rng.randrange(4))}
    return rng.choice([1, 2.5, -3, 0.0, 1e300, True, False, None, "s", "\u00fc\n\"", [], {},
                       [[1]], {"l": [1, {}]}])


def random_spaces(test):
    """Whatever the space: space_eval gives what hopt's objective would get."""
    points = 0
    for seed in range(10):
        rng = random.Random(seed)
        space = {key: random_node(rng) for key in KEYS[:6]}
        shared = dict(random_param(rng, 3), _label="shared by two")
        space.update({"left": shared, "right": {"_type": "choice", "_value": [[shared], 0]},
                      "x": {"_type": "uniform", "_value": [0, 1]}})
        name = "random%d" % seed
        test.write(name + ".json", {"name": name, "space": space})
        test.run("hopt", "study", "create", name + ".json", "-q")
        test.run("hopt", "export", name, "--format", "hyperopt-space", "-o", name + "_space.py")
        module = importlib.import_module(name + "_space")
        drawn = test.run("hopt", "suggest", name + ".json", "--sampler", "random", "--n", "20",
                         "--json")
        for line in map(json.loads, drawn.splitlines()):
            vals = {label: v[0] for label, v in line["vals"].items() if v}
            check("%s at %r" % (name, vals), space_eval(module.space, vals), line["params"])
            points += 1
    check("points", points, 200)


with Test("reads") as t:
    random_spaces(t)
    t.say("200 points of random spaces: params are the same")
    every_kind(t)
    maximized(t)
