#!/usr/bin/env python3
"""peers.py: what a suggestion costs in hyperopt, Optuna and rustuna, as released, with their defaults.

In-process, one thread; the same flat spaces, losses and lines as bench_suggest. hyperopt: tpe.suggest
on a Trials of N. Optuna, rustuna: ask() and suggest_float() of every parameter; tell() apart. rustuna
also runs 1,000 trials at 40 parameters from nothing. CPU time: what else the machine does counts less.
LIMIT bounds the seconds of one measurement.
"""
import random
import statistics
import sys
import time
from importlib.metadata import version

LIMIT = 2.0
SAMPLES = 15
CELLS = [(5, 1000), (5, 10000), (20, 1000), (20, 10000)]


def points(d, n):
    rng = random.Random(7)
    for _ in range(n):
        point = [rng.uniform(-5, 5) for _ in range(d)]
        yield point, sum((x - 1) ** 2 for x in point)


def names(d):
    return [f"x{i}" for i in range(d)]


def show(part, who, d, n, *numbers):
    print(part, who, "flat", d, n, *(f"{x:.6g}" for x in numbers), sep="\t", flush=True)


def quantiles(seconds):
    us = sorted(1e6 * s for s in seconds)
    return statistics.median(us), us[min(len(us) - 1, len(us) * 95 // 100)]


def repeat(once):
    """Up to SAMPLES results of once(), fewer when they take long."""
    once()  # what is built at the first use is not counted
    begin, seen = time.process_time(), []
    while len(seen) < SAMPLES and (time.process_time() - begin < LIMIT or len(seen) < 3):
        seen.append(once())
    return seen


def measure_hyperopt():
    import hyperopt

    for d, n in CELLS:
        space = {name: hyperopt.hp.uniform(name, -5, 5) for name in names(d)}
        domain = hyperopt.Domain(lambda _: 0.0, space)
        trials = hyperopt.Trials()
        docs = []
        for tid, (point, loss) in enumerate(points(d, n)):
            misc = {
                "tid": tid,
                "cmd": domain.cmd,
                "workdir": domain.workdir,
                "idxs": {name: [tid] for name in names(d)},
                "vals": {name: [x] for name, x in zip(names(d), point)},
            }
            result = {"status": hyperopt.STATUS_OK, "loss": loss}
            docs += trials.new_trial_docs([tid], [None], [result], [misc])
            docs[-1]["state"] = hyperopt.JOB_STATE_DONE
        trials.insert_trial_docs(docs)
        trials.refresh()
        seeds = iter(range(10**6))

        def once():
            seed = next(seeds)
            begin = time.process_time()
            hyperopt.tpe.suggest([n + seed], domain, trials, seed)
            return time.process_time() - begin

        show("suggest", f"hyperopt {version('hyperopt')}", d, n, *quantiles(repeat(once)))


def ask_and_tell(study, d):
    begin = time.process_time()
    trial = study.ask()
    point = [trial.suggest_float(name, -5, 5) for name in names(d)]
    asked = time.process_time()
    study.tell(trial.number, sum((x - 1) ** 2 for x in point))
    return asked - begin, time.process_time() - asked


def measure_like_optuna(who, module, study_of):
    for d, n in CELLS:
        study = study_of()
        low_high = {name: module.distributions.FloatDistribution(-5, 5) for name in names(d)}
        for point, loss in points(d, n):
            params = dict(zip(names(d), point))
            study.add_trial(module.create_trial(value=loss, params=params, distributions=low_high))
        seen = repeat(lambda: ask_and_tell(study, d))
        ask, tell = zip(*seen)
        show("suggest", who, d, n, *quantiles(ask), *quantiles(tell))


def measure_optuna():
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    module = optuna
    module.create_trial = optuna.trial.create_trial
    measure_like_optuna(f"Optuna {version('optuna')}", module,
                        lambda: optuna.create_study(sampler=optuna.samplers.TPESampler(seed=7)))


def measure_rustuna():
    import rustuna

    who = f"rustuna {version('rustuna')}"

    def study_of():
        return rustuna.create_study(sampler=rustuna.samplers.TPESampler(seed=7))

    measure_like_optuna(who, rustuna, study_of)
    seconds = []
    for _ in range(3):
        study = study_of()
        begin = time.process_time()
        for _ in range(1000):
            ask_and_tell(study, 40)
        seconds.append(time.process_time() - begin)
    show("loop", who, 40, 1000, statistics.median(seconds))


def main():
    wanted = sys.argv[1:] or ["hyperopt", "optuna", "rustuna"]
    for who in wanted:
        try:
            globals()[f"measure_{who}"]()
        except Exception as e:  # another version of it: the rest is still worth measuring
            print(f"[suggest] {who}: {e!r}", file=sys.stderr)


main()
