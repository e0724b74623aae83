"""Part 1, a simple function: the lowest point of a parabola with a bump."""
import math

from hopt import fmin, hp, tpe


def bumpy(x):
    return (x - 2) ** 2 + math.sin(5 * x)


best = fmin(bumpy, hp.uniform("x", -10, 10), algo=tpe.suggest, max_evals=100, rstate=1)
print("lowest at x =", best["x"], "where it is", bumpy(best["x"]))

lowest = min(bumpy(-10 + 20 * i / 100000) for i in range(100001))
assert bumpy(best["x"]) < lowest + 0.01, lowest
