"""Part 6, resumed: trials in a SQLite file, which another run, or another program, goes on with."""
import os
import tempfile

from hopt import Study, Trials, fmin, hp, tpe

space = {"x": hp.uniform("x", -5, 5), "y": hp.loguniform("y", -5, 3)}


def objective(point):
    if len(trials) == 12 and not interrupted:
        interrupted.append(True)
        raise KeyboardInterrupt  # Ctrl-C in the middle of trial 12
    return (point["x"] - 1) ** 2 + abs(point["y"] - 0.5)


with tempfile.TemporaryDirectory() as folder:
    store = "sqlite:" + os.path.join(folder, "tutorial.hopt.db")
    interrupted = []
    trials = Trials(store=store, exp_key="tutorial")
    try:
        fmin(objective, space, algo=tpe.suggest, max_evals=40, trials=trials, rstate=7)
    except KeyboardInterrupt:
        print("interrupted; kept are", len([t for t in trials.trials if t["state"] == 2]), "trials")
    trials.close()

    trials = Trials(store=store, exp_key="tutorial")  # as the next run would
    best = fmin(objective, space, algo=tpe.suggest, max_evals=40, trials=trials, rstate=7)
    print("gone on to", len(trials), "trials: best", best, "with", min(trials.losses()))
    assert trials.tids == list(range(40)) and set(trials.statuses()) == {"ok"}
    assert min(trials.losses()) < 0.3
    trials.close()

    # The same study, ask and tell: a loop of one's own.
    with Study(space, store=store, name="tutorial") as study:
        for _ in range(10):
            with study.ask() as trial:
                trial.tell(objective(trial.params))
        print("and to", len(study), "by ask and tell; best", study.best)
        assert len(study) == 50 and study.best.loss <= min(trials.losses())

    # hopt(1) reads the store too: hopt trials list --store sqlite:tutorial.hopt.db

# What is in memory goes into a pickle.
saved = os.path.join(tempfile.gettempdir(), "tutorial-%d.pkl" % os.getpid())
for evaluations in (10, 25):
    fmin(lambda x: x ** 2, hp.uniform("x", -5, 5), max_evals=evaluations, trials_save_file=saved)
assert os.path.getsize(saved) > 0
os.remove(saved)
