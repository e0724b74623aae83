"""Random spaces and histories, given to Python's hyperopt and to `hopt suggest`: the same values?

    python generate.py --hopt build/bin/hopt [--seed 1] [--cases 600] [--freeze frozen.jsonl]

Needs hyperopt 0.3.0 with numpy and scipy. Each case draws a space of all thirteen distributions,
nested and with shared labels, a history of 0 to 1,000 trials of every sort, an algorithm with its
options and a seed. Values must agree to 1e-9, integers exactly.

numpy's argsort is not stable and differs between processors. Where hopt and hyperopt differ, the
case is given to hyperopt again with a stable argsort. If that agrees, the difference is numpy's:
exempt when a quantized label has ties among more than 25 observations, counted apart when trials
without a loss tie; anything else is a failure. --freeze writes a sample that needs no Python.
"""
import argparse
import functools
import json
import math
import os
import random
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from hyperopt import anneal, hp, mix, rand, tpe  # noqa: E402
from hyperopt.base import Domain, Trials  # noqa: E402

TOLERANCE = 1e-9
KINDS = ["choice", "pchoice", "randint", "randint1", "uniform", "quniform", "uniformint",
         "loguniform", "qloguniform", "normal", "qnormal", "lognormal", "qlognormal"]
QUANTIZED = {"quniform", "uniformint", "qloguniform", "qnormal", "qlognormal"}


# ---- spaces ----

class SpaceMaker:
    def __init__(self, rng, most=12):
        self.rng, self.shared, self.count, self.most, self.names = rng, [], 0, most, 0

    def bounds(self):
        low = self.rng.choice([0, -5, self.rng.uniform(-100, 100), 1.01])
        return low, low + self.rng.choice([1, 10, self.rng.uniform(0.01, 300)])

    def leaf(self, kind):
        r = self.rng
        if kind == "randint1":
            return {"_type": "randint", "_value": [0, r.choice([2, 3, 10, 40])]}
        if kind == "randint":
            low = r.randint(-20, 20)
            return {"_type": kind, "_value": [low, low + r.choice([1, 2, 5, 13, 60])]}
        if kind == "uniformint":
            low = r.randint(-20, 20)
            return {"_type": kind, "_value": [low, low + r.choice([1, 2, 5, 30])]}
        if kind in ("uniform", "quniform"):
            value = list(self.bounds())
        elif kind in ("loguniform", "qloguniform"):
            low = 10 ** r.uniform(-5, 1)
            value = [low, low * 10 ** r.uniform(0.3, 5)]
        elif kind in ("normal", "qnormal"):
            value = [r.choice([0, r.uniform(-10, 10)]), 10 ** r.uniform(-1, 1)]
        else:
            value = [r.choice([0, r.uniform(-3, 3)]), r.uniform(0.1, 2)]
        if kind in QUANTIZED:
            value.append(r.choice([1, 2, 0.5, 0.1, 3]))
        return {"_type": kind, "_value": value}

    def option(self, depth):
        if depth > 0 and self.rng.random() < 0.6 and self.count < self.most:
            node = {self.key(): self.node(depth - 1) for _ in range(self.rng.randint(1, 3))}
            if self.rng.random() < 0.5:
                self.names += 1
                node["_name"] = f"n{self.names}"
            return node
        return self.rng.choice([None, True, 3, 0.25, "text", [1, 2]])

    def key(self):
        return self.rng.choice("abcdefghijklmnopqrstuvwxyzABCDEF") + self.rng.choice(["", "z", "0"])

    def node(self, depth):
        r = self.rng
        if self.shared and r.random() < 0.15:
            return r.choice(self.shared)
        self.count += 1
        kind = r.choice(KINDS if depth == 0 else KINDS + ["choice"] * 5 + ["pchoice"] * 2)
        if kind in ("choice", "pchoice"):
            options = [self.option(depth) for _ in range(r.choice([1, 2, 2, 3, 3, 4, 9]))]
            for i, option in enumerate(options):  # equal options would be one to hopt
                if not isinstance(option, dict):
                    options[i] = [i, option]
            if kind == "pchoice":
                weights = [r.uniform(0.05, 1) for _ in options]
                options = [[w / sum(weights), o] for w, o in zip(weights, options)]
            node = {"_type": kind, "_value": options}
        else:
            node = self.leaf(kind)
        if r.random() < 0.25:
            self.names += 1
            node["_label"] = r.choice("zyxmdcbaZ") + str(self.names)
            self.shared.append(node)
        return node

    def space(self):
        r = self.rng
        depth = r.choice([0, 0, 1, 2, 3])
        if r.random() < 0.1:  # every distribution at once
            return {kind: self.leaf(kind) if "choice" not in kind else
                    {"_type": "choice", "_value": [1, 2, 3]} if kind == "choice" else
                    {"_type": "pchoice", "_value": [[0.1, 0], [0.2, 1], [0.7, 2]]}
                    for kind in KINDS}
        return {self.key(): self.node(depth) for _ in range(r.randint(1, 6))}


def to_python(node, label="", made=None):
    """The hyperopt expression of a hopt space; one label is one node."""
    made = {} if made is None else made
    join = lambda key: f"{label}/{key}" if label else str(key)
    if isinstance(node, list):
        return [to_python(v, join(i), made) for i, v in enumerate(node)]
    if not isinstance(node, dict):
        return node
    if "_type" not in node:
        return {k: to_python(v, join(k), made) for k, v in node.items()}
    name, kind, v = node.get("_label", label), node["_type"], node["_value"]
    if name not in made:
        made[name] = None
        if kind in ("choice", "pchoice"):
            options = v if kind == "choice" else [o for _, o in v]
            sub = [o["_name"] if isinstance(o, dict) and "_name" in o else i
                   for i, o in enumerate(options)]
            built = [to_python(o, f"{name}/{s}", made) for o, s in zip(options, sub)]
            if kind == "pchoice":
                built = list(zip([p for p, _ in v], built))
            made[name] = getattr(hp, kind)(name, built)
        elif kind == "randint" and v[0] == 0:
            made[name] = hp.randint(name, v[1])
        else:
            if kind in ("loguniform", "qloguniform"):
                v = [math.log(v[0]), math.log(v[1])] + v[2:]
            made[name] = getattr(hp, kind)(name, *v)
    return made[name]


# ---- histories ----

def plain(value):
    return value.item() if hasattr(value, "item") else value


def draw_vals(domain, ids, seed):
    """Prior points for many trials at once."""
    idxs, vals = rand.suggest_batch(ids, domain, None, seed)
    rows = {i: {label: [] for label in vals} for i in ids}
    for label in vals:
        for i, v in zip(idxs[label], vals[label]):
            rows[i][label] = [plain(v)]
    return [rows[i] for i in ids]


def make_history(rng, domain, options):
    """Documents as hyperopt stores them, oldest first."""
    n = rng.choice([0, 1, 2, 5, 15, 19, 20, 21, 22, 25, 30, 40, 60, 60, 100, 100, 200, 300])
    if rng.random() < 0.04:
        n = rng.choice([600, 1000])
    step = rng.choice([1, 1, 1, 3])
    ids = [rng.randint(0, 5)]
    while len(ids) < n:
        ids.append(ids[-1] + rng.randint(1, step))
    ids = ids[:n]
    odd = rng.choice([0, 0.05, 0.3])
    scale = rng.choice([1, 1, 1e-3, 1e300, 1e-300])
    docs = []
    for tid, vals in zip(ids, draw_vals(domain, ids, rng.getrandbits(40)) if ids else []):
        doc = {"tid": tid, "vals": vals, "state": 2, "result": {"status": "ok"}}
        doc["result"]["loss"] = rng.gauss(0, 1) * scale
        if rng.random() < odd:
            kind = rng.choice(["fail", "fail_loss", "nan", "fail_nan", "new", "running", "error",
                               "from"])
            if kind in ("fail", "fail_loss", "fail_nan"):
                doc["result"]["status"] = "fail"
            if kind == "fail":
                del doc["result"]["loss"]
            if kind in ("nan", "fail_nan"):
                doc["result"]["loss"] = math.nan
            if kind in ("new", "running", "error"):
                doc["state"] = {"new": 0, "running": 1, "error": 3}[kind]
                doc["result"] = {"status": "new"}
            if kind == "from" and docs:
                doc["from"] = rng.choice(docs)["tid"]
                if rng.random() < 0.3:
                    doc["result"]["loss"] = rng.choice([math.nan, -scale, 5 * scale])
        docs.append(doc)
    losses = [d["result"].get("loss") for d in docs if d["state"] != 3]
    finite = sum(1 for x in losses if x is not None and not math.isnan(x))
    below = min(25, math.ceil(options.get("gamma", 0.25) * math.sqrt(max(1, len(losses)))))
    if finite < below <= len(losses):  # which of the infinite ones come first is numpy's secret
        for d in docs:
            d["state"], d["result"] = 2, {"status": "ok", "loss": rng.gauss(0, 1) * scale}
    return docs


def to_trials(docs, labels):
    trials = Trials()
    full = []
    for d in docs:
        misc = {"tid": d["tid"], "cmd": ("x",), "workdir": None,
                "vals": {k: d["vals"].get(k, []) for k in labels},
                "idxs": {k: [d["tid"]] if d["vals"].get(k) else [] for k in labels}}
        if "from" in d:
            misc["from_tid"] = d["from"]
        full.append({"tid": d["tid"], "state": d["state"], "spec": None, "result": d["result"],
                     "misc": misc, "exp_key": None, "owner": None, "version": 0, "book_time": None,
                     "refresh_time": None})
    trials._insert_trial_docs(full)
    trials.refresh()
    return trials


def to_line(d):
    line = {"tid": d["tid"], "vals": d["vals"]}
    if "from" in d:
        line["from_tid"] = d["from"]
    if d["state"] == 2:
        line.update(d["result"])
    else:
        line["state"] = {0: "new", 1: "running", 3: "error"}[d["state"]]
    return line


# ---- algorithms ----

def make_options(rng):
    """(name of hopt's sampler, its options)"""
    name = rng.choice(["hyperopt", "hyperopt", "hyperopt", "hyperopt", "anneal", "mix", "random"])
    options = {}

    def maybe(key, value):
        if rng.random() < 0.25:
            options[key] = value

    if name in ("hyperopt", "mix"):
        maybe("n_startup_jobs", rng.choice([0, 1, 2, 5, 10, 40]))
        maybe("n_EI_candidates", rng.choice([1, 3, 10, 100]))
        maybe("gamma", rng.choice([0.05, 0.1, 0.5, 1, 2, 10]))
        maybe("prior_weight", rng.choice([0.01, 0.5, 2, 10]))
    if name in ("anneal", "mix"):
        maybe("avg_best_idx", rng.choice([1, 1.5, 3.5, 10]))
        maybe("shrink_coef", rng.choice([0, 0.01, 0.5, 2]))
    if name == "mix":
        a = rng.uniform(0, 0.5)
        options["p_suggest"] = [[a, "anneal"], [0.1, "random"], [1 - a - 0.1, "hyperopt"]]
    if name == "random":
        options["repeat"] = True
    return name, options


def algorithm(name, options):
    pick = lambda *keys: {k: options[k] for k in keys if k in options}
    model = functools.partial(tpe.suggest, verbose=False, **pick(
        "n_startup_jobs", "n_EI_candidates", "gamma", "prior_weight"))
    near = functools.partial(anneal.suggest, **pick("avg_best_idx", "shrink_coef"))
    if name == "mix":
        algos = {"random": rand.suggest, "anneal": near, "hyperopt": model}
        return functools.partial(mix.suggest,
                                 p_suggest=[(p, algos[a]) for p, a in options["p_suggest"]])
    return {"hyperopt": model, "anneal": near, "random": rand.suggest}[name]


def python_suggest(case):
    domain = Domain(lambda x: 0, to_python(case["space"]))
    labels = list(domain.params)
    docs = list(case["docs"])
    answers = []
    suggest = algorithm(case["name"], case["options"])
    for i in range(case["n"]):
        tid = max([d["tid"] for d in docs], default=-1) + 1
        (doc,) = suggest([tid], domain, to_trials(docs, labels), case["seed"] + i)
        vals = {k: [plain(x) for x in v] for k, v in doc["misc"]["vals"].items()}
        answers.append(vals)
        docs.append({"tid": tid, "vals": vals, "state": 0, "result": {"status": "new"}})
    return answers


def hopt_suggest(hopt, case):
    with tempfile.TemporaryDirectory() as folder:
        study, history = os.path.join(folder, "s.json"), os.path.join(folder, "h.jsonl")
        with open(study, "w") as f:
            json.dump({"name": "case", "space": case["space"], "objective": {"command": ["true"]},
                       "sampler": {"name": case["name"], **case["options"]},
                       "stop": {"max_trials": 1}}, f)
        with open(history, "w") as f:
            f.writelines(json.dumps(to_line(d)) + "\n" for d in case["docs"])
        run = subprocess.run([hopt, "suggest", study, "--history", history, "--json", "-n",
                              str(case["n"]), "--seed", str(case["seed"])],
                             capture_output=True, text=True)
    if run.returncode:
        return run.stderr
    return [json.loads(line)["vals"] for line in run.stdout.splitlines()]


# ---- the comparison ----

def far(a, b):
    """0: the same bits; 1: within the tolerance; 2: not the same."""
    if isinstance(a, str) or len(a) != len(b):
        return 2
    worst = 0
    for x, y in zip(a, b):
        if set(x) != set(y):
            return 2
        for label in x:
            if len(x[label]) != len(y[label]):
                return 2
            for u, v in zip(x[label], y[label]):
                if u == v:
                    continue
                whole = isinstance(v, int)
                worst = max(worst, 2 if whole or abs(u - v) > TOLERANCE * abs(v) else 1)
    return worst


def quantized_ties(case):
    """Whether some quantized label has equal values among more than 25 observations."""
    kinds = {}

    def visit(node, label):
        if isinstance(node, list):
            for i, v in enumerate(node):
                visit(v, f"{label}/{i}" if label else str(i))
        elif isinstance(node, dict) and "_type" not in node:
            for k, v in node.items():
                visit(v, f"{label}/{k}" if label else k)
        elif isinstance(node, dict):
            name = node.get("_label", label)
            kinds[name] = node["_type"]
            if node["_type"] in ("choice", "pchoice"):
                options = [o if node["_type"] == "choice" else o[1] for o in node["_value"]]
                for i, o in enumerate(options):
                    sub = o["_name"] if isinstance(o, dict) and "_name" in o else i
                    visit(o, f"{name}/{sub}")

    visit(case["space"], "")
    for label, kind in kinds.items():
        seen = [d["vals"][label][0] for d in case["docs"] if d["vals"].get(label)]
        if kind in QUANTIZED and len(seen) > 25 and len(set(seen)) < len(seen):
            return True
    return False


def make_case(seed):
    rng = random.Random(seed)
    while True:
        name, options = make_options(rng)
        space = SpaceMaker(rng).space()
        try:
            domain = Domain(lambda x: 0, to_python(space))
        except Exception:  # the cycles that sharing across depths can make in hyperopt's graph
            continue
        if not domain.params:
            continue
        try:
            docs = make_history(rng, domain, options)
        except Exception:
            continue
        return {"space": space, "name": name, "options": options, "docs": docs,
                "n": rng.choice([1, 1, 2, 3]), "seed": rng.choice([rng.getrandbits(31), rng.getrandbits(61)])}


def run_case(job):
    seed, hopt = job
    case = make_case(seed)
    try:
        right = python_suggest(case)
    except Exception as error:  # hyperopt itself can't: not a case
        return seed, "unanswered", case, repr(error)
    found = hopt_suggest(hopt, case)
    grade = far(found, right)
    if grade < 2:
        return seed, ["bits", "close"][grade], case, right
    original = np.argsort
    np.argsort = lambda a, *r, **k: original(a, kind="stable")
    try:
        stable = python_suggest(case)
    finally:
        np.argsort = original
    if far(found, stable) < 2:
        return seed, "exempt" if quantized_ties(case) else "loss ties", case, right
    return seed, "FAILED", case, (found, right)


def short(doc):
    """A history line without its empty labels."""
    return to_line({**doc, "vals": {k: v for k, v in doc["vals"].items() if v}})


def freeze(path, results):
    """Small cases, as many of each sampler as fit."""
    room = 900_000
    with open(path, "w") as out:
        for seed, grade, case, right in results:
            if grade not in ("bits", "close") or len(case["docs"]) > 120:
                continue
            line = json.dumps({"space": case["space"],
                               "sampler": {"name": case["name"], **case["options"]},
                               "seed": case["seed"], "history": [short(d) for d in case["docs"]],
                               "vals": right}, separators=(",", ":")) + "\n"
            if len(line) > 12_000 or len(line) > room:
                continue
            room -= len(line)
            out.write(line)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--hopt", required=True)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--cases", type=int, default=600)
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--freeze")
    options.add_argument("--show", type=int, default=3, help="failures to print in full")
    given = options.parse_args()
    np.seterr(all="ignore")
    jobs = [(given.seed * 1_000_003 + i, given.hopt) for i in range(given.cases)]
    with ProcessPoolExecutor(given.jobs) as pool:  # a Pool would wait for ever for a killed process
        results = list(pool.map(run_case, jobs, chunksize=8))
    grades = [r[1] for r in results]
    count = grades.count
    suggestions = sum(r[2]["n"] for r in results)
    print(f"hyperopt parity, seed {given.seed}: {len(results)} cases, {suggestions} suggestions: "
          f"{count('bits') + count('close')} matched ({count('bits')} bit for bit), "
          f"{count('exempt')} exempt (ties among more than 25 quantized observations), "
          f"{count('loss ties')} decided by ties of missing losses, "
          f"{count('unanswered')} that hyperopt can't answer, {count('FAILED')} failed")
    for name in ("hyperopt", "anneal", "mix", "random"):
        mine = [g for _, g, c, _ in results if c["name"] == name]
        print(f"  {name}: {len(mine)} cases, " + ", ".join(
            f"{mine.count(g)} {g}" for g in ("bits", "close", "exempt", "loss ties", "unanswered",
                                             "FAILED") if mine.count(g)))
    for seed, grade, case, right in [r for r in results if r[1] == "unanswered"][: given.show]:
        print("unanswered", seed, right)
    for seed, grade, case, (found, right) in [r for r in results if r[1] == "FAILED"][: given.show]:
        print("failed", seed, case["name"], case["options"], "docs", len(case["docs"]), "\n  space",
              json.dumps(case["space"]), "\n  found", found, "\n  right", right)
    if given.freeze:
        freeze(given.freeze, results)
    answered = len(results) - count("unanswered")
    if count("FAILED") or answered < 0.9 * len(results):
        sys.exit(1)


if __name__ == "__main__":
    main()
