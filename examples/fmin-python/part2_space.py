"""Part 2, a search space with choices: each shape has parameters of its own."""
import math

from hopt import Trials, fmin, hp, space_eval, tpe

space = hp.choice("shape", [
    {"name": "circle", "radius": hp.uniform("radius", 0.5, 4)},
    {"name": "box", "width": hp.uniform("width", 0.5, 4), "height": hp.quniform("height", 1, 6, 1)},
])


def area(shape):
    if shape["name"] == "circle":
        return math.pi * shape["radius"] ** 2
    return shape["width"] * shape["height"]


def objective(shape):
    return abs(area(shape) - 12)  # which of all has an area of 12?


trials = Trials()
best = fmin(objective, space, algo=tpe.suggest, max_evals=150, trials=trials, rstate=2)
print("by label, a choice by its index:", best)
shape = space_eval(space, best)
print("what the objective got:", shape, "with an area of", area(shape))

assert objective(shape) < 0.05
assert ("radius" in best) == (shape["name"] == "circle")  # the other one's parameters are not there
assert len(trials) == 150 and min(trials.losses()) == objective(shape)
