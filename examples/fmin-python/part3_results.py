"""Part 3, attachments and extra results: what a trial leaves beside its loss, and how it is read."""
import pickle
import time

from hopt import STATUS_FAIL, STATUS_OK, Trials, fmin, hp, tpe


def objective(x):
    if x < 0:
        return {"status": STATUS_FAIL, "status_fail": "nothing is left of 0"}
    curve = [x ** 2 + 1 / (i + 1) for i in range(16)]
    return {
        "status": STATUS_OK,
        "loss": curve[-1],
        "evaluated_at": time.time(),
        "other": {"kind": None, "values": [0, 1, 2]},
        "attachments": {"curve": pickle.dumps(curve)},  # kept apart: may be large
    }


trials = Trials()
best = fmin(objective, hp.uniform("x", -10, 10), algo=tpe.suggest, max_evals=60, trials=trials,
            rstate=3)
best_trial = trials.best_trial
curve = pickle.loads(trials.trial_attachments(best_trial)["curve"])
print("trial", best_trial["tid"], best_trial["misc"]["vals"], best_trial["result"])
print("its curve begins with", curve[:3])

assert curve[-1] == best_trial["result"]["loss"] == min(l for l in trials.losses() if l is not None)
assert best_trial["result"]["other"] == {"kind": None, "values": [0, 1, 2]}
assert set(trials.statuses()) == {STATUS_OK, STATUS_FAIL}
assert 0 <= best["x"] < 0.5
assert len(trials.vals["x"]) == len(trials.tids) == 60
