"""Whole runs: Python's fmin and `hopt run` with one seed make the same trials, to the last one.

    python fmin_runs.py --hopt build/bin/hopt [--seeds 20] [--trials 150]

Four algorithms on five spaces. A run that differs is compared once more with hyperopt on a stable
argsort (see generate.py): numpy's order of equal numbers, another one on every processor, decides
where quantized values tie (the space `all`) or trials without a loss (`flat`, where some fail); the
losses themselves never tie, as every point has a continuous part. Python's runs are kept in the cache, by package versions.
"""
import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor

import hyperopt
import numpy as np
import scipy

import generate
import objective

HERE = os.path.dirname(os.path.abspath(__file__))
CACHE = os.path.join(os.environ.get("HOPT_CACHE", os.path.join(HERE, "..", "..", ".cache")), "fmin")


def p(kind, *value, **more):
    return {"_type": kind, "_value": list(value), **more}


SHARED = p("uniform", 0, 8, _label="width")
SPACES = {
    "flat": {"x": p("uniform", -5, 5), "y": p("loguniform", 1e-3, 1e3), "z": p("normal", 1, 3),
             "w": p("lognormal", 0, 1), "may_fail": p("uniform", -5, 5)},
    "tree": {"model": p("choice",
                        {"_name": "svm", "C": p("loguniform", 1e-3, 1e3), "kernel": p(
                            "choice", {"_name": "rbf", "gamma": p("loguniform", 1e-5, 1)},
                            {"_name": "poly", "degree": p("randint", 1, 6), "c": p("normal", 0, 2)})},
                        {"_name": "net", "rate": p("lognormal", -3, 1),
                         "layers": p("pchoice", [0.2, {"one": p("uniform", 0, 4)}],
                                     [0.8, [p("uniform", 0, 1), p("uniform", -1, 0)]])},
                        3.25),
             "scale": p("choice", True, False), "offset": p("uniform", -1, 1)},
    "shared": {"b": p("choice", {"_name": "u", "w": SHARED}, {"_name": "v", "k": p("normal", 0, 1)},
                      {"_name": "t", "n": p("choice", {"deep": SHARED}, 2, _label="a_inner")}),
               "c": p("pchoice", [0.5, {"w": SHARED, "m": p("uniform", -1, 1)}], [0.5, 1.5]),
               "top": p("loguniform", 0.01, 10)},
    "unordered": {"a": p("choice", 0, 1, 2, 5), "b": p("randint", 0, 12), "c": p("randint", -7, 9),
                  "d": p("pchoice", [0.1, 4], [0.3, -2], [0.6, 1]),
                  "e": p("choice", {"f": p("randint", 3, 30)}, 2.5), "g": p("normal", 0, 1)},
    "all": {"a": p("choice", 0, 1, 2), "b": p("randint", 0, 10), "bb": p("randint", 12, 25),
            "c": p("uniform", 4, 7), "d": p("loguniform", 0.13, 1), "e": p("quniform", 0, 10, 3),
            "f": p("qloguniform", 1, 20, 2), "g": p("normal", 4, 7), "h": p("lognormal", -2, 2),
            "i": p("qnormal", 0, 10, 2), "j": p("qlognormal", 0, 2, 1), "l": p("uniformint", 2, 40),
            "k": p("pchoice", [0.1, 0], [0.9, 1])},
}
ALGORITHMS = {"hyperopt": {}, "anneal": {}, "random": {"repeat": True},
              "mix": {"p_suggest": [[0.1, "random"], [0.2, "anneal"], [0.7, "hyperopt"]]}}


def python_run(space, name, seed, trials, stable):
    """vals of all trials, cached."""
    made = [np.__version__, scipy.__version__, hyperopt.__version__, SPACES[space],
            ALGORITHMS[name], name, seed, trials, stable, open(objective.__file__).read(),
            os.environ.get("NPY_DISABLE_CPU_FEATURES", "")]
    path = os.path.join(CACHE, hashlib.sha256(json.dumps(made).encode()).hexdigest() + ".json")
    if os.path.exists(path):
        return json.load(open(path))

    def fn(params):
        loss = objective.loss_of(params)
        return {"status": "fail"} if loss is None else {"status": "ok", "loss": loss}

    np.seterr(all="ignore")
    original = np.argsort
    if stable:
        np.argsort = lambda a, *r, **k: original(a, kind="stable")
    record = hyperopt.Trials()
    try:
        hyperopt.fmin(fn, generate.to_python(SPACES[space]),
                      algo=generate.algorithm(name, ALGORITHMS[name]), max_evals=trials,
                      rstate=np.random.default_rng(seed), trials=record, verbose=False,
                      show_progressbar=False, return_argmin=False)
    finally:
        np.argsort = original
    vals = [{k: [generate.plain(x) for x in v] for k, v in t["misc"]["vals"].items()}
            for t in record.trials]
    os.makedirs(CACHE, exist_ok=True)
    with open(f"{path}.{os.getpid()}", "w") as f:
        json.dump(vals, f)
    os.replace(f"{path}.{os.getpid()}", path)
    return vals


def hopt_run(hopt, space, name, seed, trials):
    with tempfile.TemporaryDirectory() as folder:
        study = os.path.join(folder, "s.json")
        with open(study, "w") as f:
            json.dump({"name": "run", "space": SPACES[space],
                       "objective": {"server": ["/usr/bin/env", "python3",
                                                os.path.join(HERE, "objective.py")]},
                       "sampler": {"name": name, "seed": seed, **ALGORITHMS[name]},
                       "stop": {"max_trials": trials}}, f)
        store = "sqlite:" + os.path.join(folder, "run.hopt.db")
        run = subprocess.run([hopt, "run", study, "--store", store, "--quiet"], cwd=folder,
                             capture_output=True, text=True)
        out = subprocess.run([hopt, "export", "--store", store], capture_output=True, text=True)
    if run.returncode or out.returncode:
        raise RuntimeError(f"hopt run: {run.stderr}{out.stderr}")
    lines = [json.loads(line) for line in out.stdout.splitlines()]
    return [line["vals"] for line in sorted(lines, key=lambda line: line["num"])]


def first_difference(found, right):
    """The first trial that differs, or None."""
    for i in range(max(len(found), len(right))):
        if generate.far(found[i:i + 1], right[i:i + 1]) == 2:
            return i
    return None


def compare(job):
    hopt, space, name, seed, trials = job
    found = hopt_run(hopt, space, name, seed, trials)
    at = first_difference(found, python_run(space, name, seed, trials, False))
    if at is None:
        return space, name, seed, "same", None
    later = first_difference(found, python_run(space, name, seed, trials, True))
    return space, name, seed, "tied" if later is None else "FAILED", (at, later)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--hopt", required=True)
    options.add_argument("--seeds", type=int, default=20)
    options.add_argument("--trials", type=int, default=150)
    options.add_argument("--jobs", type=int, default=2)
    given = options.parse_args()
    jobs = [(given.hopt, s, a, seed, given.trials)
            for s in SPACES for a in ALGORITHMS for seed in range(given.seeds)]
    with ProcessPoolExecutor(given.jobs) as pool:  # a Pool would wait for ever for a killed process
        results = list(pool.map(compare, jobs))
    failed = [r for r in results if r[3] == "FAILED"]
    tied = [r for r in results if r[3] == "tied"]
    print(f"whole runs of {given.trials} trials: {len(results)}, the same to the last trial: "
          f"{len(results) - len(failed) - len(tied)}; the same as hyperopt on a stable argsort: "
          f"{len(tied)} (ties); failed: {len(failed)}")
    for space in SPACES:
        row = [f"{a} {sum(r[:2] == (space, a) and r[3] == 'same' for r in results)}"
               f"+{sum(r[:2] == (space, a) and r[3] == 'tied' for r in results)}"
               for a in ALGORITHMS]
        print(f"  {space}: same+tied of {given.seeds}: " + ", ".join(row))
    for space, name, seed, _, (at, later) in failed[:10]:
        print(f"failed: {name} on {space}, seed {seed}: trial {at} differs, on a stable argsort {later}")
    if failed or any(r[0] not in ("all", "flat") for r in tied):
        sys.exit(1)


if __name__ == "__main__":
    main()
