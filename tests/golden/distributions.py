#!/usr/bin/env python3
"""Log densities of every distribution from scipy and hyperopt's rdists, for
tests/common/space/test_density.c.

distributions.py > distributions.jsonl    (in a Python that has hyperopt 0.3.0 and scipy)
One line a distribution: its _type and _value as a study has them, points, and the logarithms of
pdf or pmf there; null is minus infinity.
"""
import json
import math
import random

import numpy as np
from hyperopt import rdists
from scipy import stats

POINTS = 12
# Below this a pmf that is the difference of two values near 1 has no digits left.
LEAST = 1e-6


def grid(draw, rng, q):
    return [rng.choice([-1, 0, 1]) * q + x for x in np.atleast_1d(draw).tolist()]


def cases(rng):
    low = rng.uniform(-20, 10)
    high = low + rng.uniform(0.5, 40)
    q = rng.choice([0.25, 0.5, 1, 2, 3])
    mu, sigma = rng.uniform(-5, 5), rng.uniform(0.3, 6)
    log_mu, log_sigma = rng.uniform(-1, 2), rng.uniform(0.2, 1.2)
    log_low = rng.uniform(-6, 1)
    log_high = log_low + rng.uniform(0.5, 8)
    p = [rng.uniform(0.1, 1) for _ in range(rng.randint(2, 6))]
    p = [x / sum(p) for x in p]
    yield "uniform", [low, high], stats.uniform(low, high - low)
    yield "loguniform", [math.exp(log_low), math.exp(log_high)], rdists.loguniform_gen(log_low, log_high)
    yield "normal", [mu, sigma], stats.norm(mu, sigma)
    yield "lognormal", [log_mu, log_sigma], stats.lognorm(log_sigma, scale=math.exp(log_mu))
    yield "quniform", [low, high, q], rdists.quniform_gen(low, high, q)
    yield "uniformint", [math.ceil(low), math.ceil(high)], rdists.quniform_gen(
        math.ceil(low), math.ceil(high), 1)
    yield "qloguniform", [math.exp(log_low), math.exp(log_high), q], rdists.qloguniform_gen(
        log_low, log_high, q)
    yield "qnormal", [mu, sigma, q], rdists.qnormal_gen(mu, sigma, q)
    yield "qlognormal", [log_mu, log_sigma, q], rdists.qlognormal_gen(log_mu, log_sigma, q)
    yield "randint", [math.ceil(low), math.ceil(high)], stats.randint(math.ceil(low), math.ceil(high))
    yield "choice", list(range(len(p))), stats.randint(0, len(p))
    yield "pchoice", [[x, i] for i, x in enumerate(p)], stats.rv_discrete(values=(range(len(p)), p))


def log_density(dist, x):
    with np.errstate(divide="ignore", invalid="ignore"):
        if hasattr(dist, "pmf"):
            value = float(np.atleast_1d(dist.pmf(x))[0])
            return math.log(value) if value > 0 else -math.inf
        if isinstance(dist, rdists.loguniform_gen):
            value = float(np.atleast_1d(dist.pdf(x))[0])
            return math.log(value) if value > 0 else -math.inf
        return float(dist.logpdf(x))


def main():
    rng = random.Random(7)
    np.random.seed(7)
    for _ in range(12):
        for kind, value, dist in cases(rng):
            points = []
            draws = np.atleast_1d(dist.rvs(size=POINTS)).tolist()
            if kind.startswith("q") or kind == "uniformint":
                draws = grid(draws, rng, 1 if kind == "uniformint" else value[2])
            if kind in ("uniform", "loguniform", "lognormal"):
                draws.append(-25.5)
            for x in draws:
                found = log_density(dist, x)
                if found == -math.inf or found > math.log(LEAST):
                    points.append([x, None if found == -math.inf else found])
            print(json.dumps({"_type": kind, "_value": value, "points": points}))


if __name__ == "__main__":
    main()
