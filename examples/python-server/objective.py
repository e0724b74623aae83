"""Gradient descent on Rosenbrock's valley: which step size and momentum come closest to its floor?"""
import math

import hopt_objective as hopt


def objective(trial):
    rate, momentum = trial.params["rate"], trial.params["momentum"]
    x, y, vx, vy = -1.2, 1.0, 0.0, 0.0
    for step in range(1, 201):
        gx = -2 * (1 - x) - 400 * x * (y - x * x)
        gy = 200 * (y - x * x)
        vx = momentum * vx - rate * gx
        vy = momentum * vy - rate * gy
        x, y = x + vx, y + vy
        loss = (1 - x) ** 2 + 100 * (y - x * x) ** 2
        if not math.isfinite(loss) or loss > 1e6:
            raise hopt.Fail("diverged at step %d" % step)
        if step % 50 == 0 and trial.report(step, loss):
            break
    print("ended at (%g, %g)" % (x, y))
    return {"loss": loss, "x": x, "y": y}


hopt.serve(objective)
