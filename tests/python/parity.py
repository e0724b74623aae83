"""Real hyperopt 0.3.0 beside hopt: the same scripts with one import changed, the same trials.

    python parity.py [--seeds 3] [--trials 60]

- fmin with every algorithm on several spaces: hopt.hyperopt.suggest, rand, anneal and mix propose what
  hyperopt proposes, trial for trial, also from a generator that was used before, and what the objective
  gets is equal in value and type.
- Each other's parts: hyperopt's hp in hopt's fmin, hopt's suggest in hyperopt's fmin, hyperopt's Trials,
  its plots and statistics on hopt's documents.

Values are equal but for the last bit of an exponential (numpy's own differs from processor to
processor). hyperopt runs on a stable argsort, as tests/golden says why.
"""
import argparse
import functools
import math
import sys

import hyperopt as theirs
import hyperopt.plotting
import numpy as np
from hyperopt.pyll import scope as their_scope

import hopt as ours
from hopt.pyll import scope as our_scope

original_argsort = np.argsort
np.argsort = lambda a, *r, **k: original_argsort(a, kind="stable")
np.seterr(all="ignore")


def flat(hp, scope):
    return {"x": hp.uniform("x", -5, 5), "y": hp.loguniform("y", math.log(1e-3), math.log(1e3)),
            "z": hp.normal("z", 1, 3), "w": hp.lognormal("w", 0, 1)}


def dots(hp, scope):
    """Labels that hopt has not, and a space that is a list."""
    return [hp.uniform("net.rate", 0, 1), hp.choice("net.kind", ["a", ("b", hp.normal("b.x", 0, 1))]),
            hp.quniform("$q", 0, 20, 3)]


def tree(hp, scope):
    return {"model": hp.choice("model", [
        {"kind": len, "C": hp.loguniform("C", -6.5, 7),
         "kernel": hp.choice("kernel", [
             {"name": "rbf", "gamma": hp.loguniform("gamma", -11, 0)},
             {"name": "poly", "degree": hp.randint("degree", 1, 6), "c": hp.normal("c", 0, 2)}])},
        {"kind": "net", "rate": hp.lognormal("rate", -3, 1),
         "layers": hp.pchoice("layers", [(0.2, {"one": hp.uniform("l1", 0, 4)}),
                                         (0.8, [hp.uniform("l2", 0, 1), hp.uniform("l3", -1, 0)])])},
        3.25]),
        "scale": hp.choice("scale", [True, False]), "offset": hp.uniform("offset", -1, 1)}


def shared(hp, scope):
    width = hp.uniform("width", 0, 8)
    return {"b": hp.choice("b", [{"w": width}, {"k": hp.normal("k", 0, 1)},
                                 {"n": hp.choice("a_inner", [{"deep": width}, 2])}]),
            "c": hp.pchoice("c", [(0.5, {"w": width, "m": hp.uniform("m", -1, 1)}), (0.5, 1.5)]),
            "top": hp.loguniform("top", math.log(0.01), math.log(10))}


def every(hp, scope):
    return [hp.choice("a", [0, 1, 2]), hp.randint("b", 10), hp.randint("bb", 12, 25),
            hp.uniform("c", 4, 7), hp.loguniform("d", -2, 0), hp.quniform("e", 0, 10, 3),
            hp.qloguniform("f", 0, 3, 2), hp.normal("g", 4, 7), hp.lognormal("h", -2, 2),
            hp.qnormal("i", 0, 10, 2), hp.qlognormal("j", 0, 2, 1),
            hp.pchoice("k", [(0.1, 0), (0.9, 1)]), scope.int(hp.quniform("l", 1, 9, 1)),
            hp.uniformint("m", 2, 40)]


def computed(hp, scope):
    x = hp.uniform("x", -20, 20)
    t = hp.choice("curve", [x, x + np.pi])
    return {"sum": scope.sin(t) + 2 * scope.exp(-((t / 5) ** 2)), "int": scope.int(x) // 3,
            "min": scope.min(hp.uniform("lo", 0, 1), hp.uniform("hi", 0, 1)), "t": t ** 2}


SPACES = [flat, dots, tree, shared, every, computed]


def numbers(value):
    """Every number of a point, in order."""
    if isinstance(value, dict):
        return [n for key in sorted(value) for n in numbers(value[key])]
    if isinstance(value, (list, tuple)):
        return [n for member in value for n in numbers(member)]
    return [float(value)] if isinstance(value, (int, float, np.number)) else [0.5]


def loss_of(point):
    """A loss that never ties as long as something is continuous."""
    return sum((n - 0.7 * i) ** 2 / (1 + i + abs(n)) for i, n in enumerate(numbers(point)))


def types(value):
    if isinstance(value, dict):
        return {key: types(member) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return (type(value),) + tuple(types(member) for member in value)
    return type(value)


def algorithms(package, tpe):
    return {"tpe": tpe, "tpe with options": functools.partial(
                tpe, n_startup_jobs=7, gamma=0.4, n_EI_candidates=11, prior_weight=0.6),
            "rand": package.rand.suggest, "anneal": package.anneal.suggest,
            "mix": functools.partial(package.mix.suggest, p_suggest=[
                (0.1, package.rand.suggest), (0.2, package.anneal.suggest), (0.7, tpe)])}


def run(package, space, algo, trials, seed, used):
    """(documents' values, points that the objective got) of a run; `used`: of a generator that gave
    numbers before."""
    points = []

    def objective(point):
        points.append(point)
        loss = loss_of(point)
        return {"status": "fail"} if int(loss * 1000) % 13 == 0 else {"status": "ok", "loss": loss}

    rstate = np.random.default_rng(seed)
    for _ in range(used):
        rstate.integers(5)
    record = package.Trials()
    package.fmin(objective, space, algo=algo, max_evals=trials, rstate=rstate, trials=record,
                 verbose=False, show_progressbar=False, return_argmin=False)
    return [trial["misc"]["vals"] for trial in record.trials], points, record


def far(a, b):
    """Whether two values differ by more than an exponential's last bits."""
    if isinstance(a, dict):
        return list(a) != list(b) or any(far(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) != len(b) or any(map(far, a, b))
    if isinstance(a, (float, np.floating)):
        return not math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-300)
    return a != b


def compare(space, name, trials, seed, used):
    """The first trial that differs, or None."""
    right = run(theirs, space(theirs.hp, their_scope),
                algorithms(theirs, theirs.tpe.suggest)[name], trials, seed, used)
    got = run(ours, space(ours.hp, our_scope),
              algorithms(ours, ours.hyperopt.suggest)[name], trials, seed, used)
    assert len(right[0]) == len(got[0]) == trials, (len(right[0]), len(got[0]))
    for i in range(trials):
        if far(right[0][i], got[0][i]) or far(right[1][i], got[1][i]):
            return "trial %d: hyperopt %s, hopt %s" % (i, right[0][i], got[0][i])
        if types(right[1][i]) != types(got[1][i]):
            return "trial %d: hyperopt gives %s, hopt %s" % (i, types(right[1][i]), types(got[1][i]))
    return None


def each_others_parts():
    def quadratic(x):
        return (x - 3) ** 2

    their_x, our_x = theirs.hp.uniform("x", -5, 5), ours.hp.uniform("x", -5, 5)
    for package, space, algo in (
            (ours, their_x, theirs.tpe.suggest), (ours, their_x, ours.tpe.suggest),
            (theirs, their_x, ours.tpe.suggest), (theirs, their_x, ours.hyperopt.suggest),
            (ours, our_x, functools.partial(theirs.tpe.suggest, gamma=0.3))):
        best = package.fmin(quadratic, space, algo=algo, max_evals=60, verbose=False,
                            rstate=np.random.default_rng(1))
        assert abs(best["x"] - 3) < 0.4, (package, algo, best)
    # hyperopt's Trials, given to hopt.
    record = theirs.Trials()
    ours.fmin(quadratic, their_x, algo=ours.tpe.suggest, max_evals=30, trials=record, verbose=False)
    assert len(record) == 30 and record.best_trial["result"]["loss"] < 0.5
    # hyperopt's algorithms go on with hopt's trials.
    record = ours.Trials()
    ours.fmin(quadratic, our_x, max_evals=30, trials=record, verbose=False)
    copy = theirs.trials_from_docs(record.trials)
    theirs.fmin(quadratic, their_x, algo=theirs.tpe.suggest, max_evals=40, trials=copy,
                verbose=False, show_progressbar=False)
    assert len(copy) == 40
    # Its functions on hopt's documents, plots too.
    assert copy.argmin == {"x": min(copy.trials, key=lambda t: t["result"]["loss"])[
        "misc"]["vals"]["x"][0]}
    assert theirs.trials_from_docs(record.trials).average_best_error() == record.average_best_error()
    assert theirs.space_eval(their_x, record.argmin) == ours.space_eval(our_x, record.argmin)
    record = ours.Trials()
    ours.fmin(loss_of, tree(ours.hp, our_scope), max_evals=40, trials=record, verbose=False)
    theirs.plotting.main_plot_history(record, do_show=False)
    theirs.plotting.main_plot_histogram(record, do_show=False)
    theirs.plotting.main_plot_vars(record, do_show=False)
    noisy = ours.Trials()
    ours.fmin(lambda x: {"status": "ok", "loss": quadratic(x), "loss_variance": 0.5}, our_x,
              max_evals=40, trials=noisy, verbose=False)
    assert math.isclose(theirs.trials_from_docs(noisy.trials).average_best_error(),
                        noisy.average_best_error())
    return "hyperopt's and hopt's parts work together; hyperopt's plots draw hopt's trials"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--trials", type=int, default=45)
    given = parser.parse_args()
    runs, wrong = 0, []
    for space in SPACES:
        for name in algorithms(ours, ours.hyperopt.suggest):
            for seed in range(given.seeds):
                difference = compare(space, name, given.trials, seed, used=3 * seed)
                runs += 1
                if difference:
                    wrong.append("%s on %s, seed %d: %s" % (name, space.__name__, seed, difference))
    print("%d runs of %d trials, %d differ" % (runs, given.trials, len(wrong)))
    for text in wrong:
        print(text)
    if wrong:
        sys.exit(1)
    print(each_others_parts())


if __name__ == "__main__":
    main()
