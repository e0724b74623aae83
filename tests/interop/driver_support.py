"""What the drivers of these tests share. A driver is an ordinary program of hyperopt's: fmin with
MongoTrials. Environment: DRIVER_URL (mongo://host:port/db/jobs), DRIVER_KEY."""
import os
import sys
import time

import numpy as np
from hyperopt import fmin, hp
from hyperopt.mongoexp import MongoTrials

URL = os.environ["DRIVER_URL"]
KEY = os.environ.get("DRIVER_KEY", "exp 1/ä")  # any text will do


def fail(message):
    print("FAILED:", message, flush=True)
    sys.exit(1)


def same(what, wanted, got):
    if wanted != got:
        fail(f"{what}: wanted {wanted!r}, got {got!r}")


def in_order(new_ids, domain, trials, seed):
    """An algorithm that proposes i = 0, 1, 2, ... whatever happened."""
    docs = []
    for tid in new_ids:
        i = in_order.next
        in_order.next += 1
        misc = {
            "tid": tid,
            "cmd": domain.cmd,
            "workdir": domain.workdir,
            "idxs": {"i": [tid]},
            "vals": {"i": [i]},
        }
        docs += trials.new_trial_docs([tid], [None], [{"status": "new"}], [misc])
    return docs


in_order.next = 0


def minimize(objective, evals, trials=None, ahead=8, start=0):
    """fmin over i = start, start + 1, ...; the MongoTrials after it."""
    in_order.next = start
    trials = trials if trials is not None else MongoTrials(URL, exp_key=KEY)
    fmin(
        objective,
        hp.randint("i", 1000),
        algo=in_order,
        max_evals=evals,
        trials=trials,
        rstate=np.random.default_rng(1),
        max_queue_len=ahead,
        return_argmin=False,
        show_progressbar=False,
        verbose=False,
    )
    trials.refresh()
    return trials


def documents(trials):
    """Every document of the experiment by its i, failed ones too."""
    query = {"exp_key": KEY}
    return {d["misc"]["vals"]["i"][0]: d for d in trials.handle.jobs.find(query)}


def wait_for(what, condition, seconds=240):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            fail(f"not within {seconds} s: {what}")
        time.sleep(0.05)
