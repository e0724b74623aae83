"""Part 5, parallel: in threads for what waits, in processes for what computes or may crash."""
import os
import time

from hopt import Trials, fmin, hp, tpe

space = [hp.uniform("x", -5, 5), hp.uniform("y", -5, 5)]
running = []


def waits(point):
    running.append(1)
    most.append(len(running))
    time.sleep(0.05)  # a measurement somewhere else
    running.pop()
    return point[0] ** 2 + point[1] ** 2


most = []
trials = Trials()
began = time.monotonic()
fmin(waits, space, algo=tpe.suggest, max_evals=60, trials=trials, parallelism=6, rstate=5)
print("60 trials of 0.05 s in threads:", round(time.monotonic() - began, 2), "s, up to", max(most),
      "at a time")
assert len(trials) == 60 and 2 <= max(most) <= 6
assert min(trials.losses()) < 2


def crashes(point):
    if point[0] < -3:
        os.abort()  # a library that is broken there
    return {"status": "ok", "loss": point[0] ** 2 + point[1] ** 2, "process": os.getpid()}


trials = Trials()
best = fmin(crashes, space, algo=tpe.suggest, max_evals=60, trials=trials, parallelism=2,
            backend="processes", catch_eval_exceptions=True, rstate=6)
errors = [trial for trial in trials._dynamic_trials if trial["state"] == 3]
print(len(trials), "trials ended,", len(errors), "crashed:", errors[0]["misc"]["error"][1])
assert len(trials) + len(errors) == 60
assert "SIGABRT" in errors[0]["misc"]["error"][1]
assert os.getpid() not in {result["process"] for result in trials.results}
assert best["x"] >= -3
