"""driver_queue.py fill N: puts N trials of a trivial objective into the database, as fmin does.
driver_queue.py wait N SECONDS: waits for them, prints "trials whole steady": how many ended, trials per
second since this was called, and from the first end to the last."""
import os
import sys
import time

import numpy as np
from hyperopt import hp, rand
from hyperopt.base import Domain
from hyperopt.mongoexp import MongoTrials

trials = MongoTrials(os.environ["DRIVER_URL"], exp_key="bench", refresh=False)


def fill(n):
    import cloudpickle

    offset = 3.0
    domain = Domain(lambda x: (x - offset) ** 2, hp.uniform("x", -5, 5))
    domain.cmd = ("domain_attachment", "FMinIter_Domain")
    trials.attachments["FMinIter_Domain"] = cloudpickle.dumps(domain)
    ids = trials.new_trial_ids(n)
    trials.insert_trial_docs(rand.suggest(ids, domain, trials, seed=1))


def wait(n, seconds):
    began = time.monotonic()
    jobs = trials.handle.jobs
    done = 0
    while done < n and time.monotonic() - began < seconds:
        time.sleep(0.1)
        done = jobs.find({"state": {"$in": [2, 3]}}).count()
    whole = time.monotonic() - began
    docs = list(jobs.find({"state": {"$in": [2, 3]}}))
    assert all(d["state"] == 2 for d in docs), "a trial failed"
    ends = sorted(d["refresh_time"].timestamp() for d in docs)
    span = ends[-1] - ends[0] if len(ends) > 1 else float("nan")
    print(len(docs), f"{len(docs) / whole:.2f}", f"{(len(docs) - 1) / span:.2f}")


if sys.argv[1] == "fill":
    fill(int(sys.argv[2]))
else:
    wait(int(sys.argv[2]), float(sys.argv[3]))
