"""Every kind of end: the objective's results, failures, exceptions and attachments, evaluated by
whatever worker runs. Prints what is in the database, without what differs by worker and time, so
that two kinds of worker can be compared line by line."""
import datetime
import json
import os
import time

import numpy as np
from bson import ObjectId
from hyperopt import STATUS_FAIL, STATUS_OK, fmin_pass_expr_memo_ctrl, pyll
from hyperopt.base import Ctrl

from driver_support import KEY, documents, minimize, same

captured = {"offset": 3.5, "table": np.arange(100_000.0)}  # data in the closure
WHEN = datetime.datetime(2026, 1, 2, 3, 4, 5, 678_000)
LARGE = "x" * 3_000_000  # more than a line of the child protocol may hold


class Own(Exception):
    pass


def make_objective():
    offset, table = captured["offset"], captured["table"]

    def bare(i, ctrl):
        return offset + float(table[i])

    def numpy_number(i, ctrl):
        return np.float32(1.5)

    def integer(i, ctrl):
        return 7

    def extras(i, ctrl):
        return {
            "loss": np.float64(0.25),
            "status": STATUS_OK,
            "loss_variance": 0.5,
            "true_loss": np.float32(0.5),
            "when": WHEN,
            "none": None,
            "yes": True,
            "small": -3,
            "big": 2**40,
            "numpy": np.int64(5),
            "vector": np.array([1.0, np.nan, np.inf]),
            "matrix": np.arange(4).reshape(2, 2),
            "nothing": np.array([]),
            "pair": (1, "two"),
            "text": "änd \u2603 \"quoted\" \\ \n",
            "deep": {"a": [{"b": {"c": [1.5]}}], "b c": {}},
            "bytes": b"\x00\x01\xff",
            "id": ObjectId("0123456789abcdef01234567"),
            "tiny": 5e-324,
            "third": 1 / 3,
        }

    def large(i, ctrl):
        return {"loss": 1.0, "status": STATUS_OK, "large": LARGE}

    def fails(i, ctrl):
        return {"status": STATUS_FAIL}

    def fails_with_loss(i, ctrl):
        return {"status": STATUS_FAIL, "loss": 9.0, "why": "bad"}

    def nan(i, ctrl):
        return {"loss": float("nan"), "status": STATUS_OK}

    def raises(i, ctrl):
        raise ValueError("the message: ä\n\"")

    def raises_own(i, ctrl):
        raise Own("a", 1)

    def exits(i, ctrl):
        raise SystemExit(3)

    def interrupted(i, ctrl):
        raise KeyboardInterrupt()

    def bad_status(i, ctrl):
        return {"status": "splendid", "loss": 1.0}

    def no_loss(i, ctrl):
        return {"status": STATUS_OK}

    def text_loss(i, ctrl):
        return {"status": STATUS_OK, "loss": "many"}

    def not_storable(i, ctrl):
        return {"status": STATUS_OK, "loss": 1.0, "object": object()}

    def attaches(i, ctrl):
        return {
            "status": STATUS_OK,
            "loss": 1.0,
            "attachments": {"a": b"by result", "b": b"", "large": b"\x01" * 700_000},
        }

    def attaches_by_ctrl(i, ctrl):
        ctrl.attachments["first"] = b"1"
        ctrl.attachments["second"] = b"2"
        ctrl.attachments["first"] = b"replaced"
        got = ctrl.attachments["first"]
        missing = False
        try:
            ctrl.attachments["third"]
        except KeyError:
            missing = True
        return {
            "status": STATUS_OK,
            "loss": 1.0,
            "got": got,
            "missing": missing,
            "names": sorted(ctrl.attachments),
            "there": "second" in ctrl.attachments,
            "shared": ctrl.trials.attachments["shared"],
        }

    def checkpoints(i, ctrl):
        ctrl.checkpoint()
        ctrl.checkpoint({"status": STATUS_OK, "loss": 2.0, "partial": True, "large": LARGE})
        ctrl.checkpoint({"status": STATUS_OK, "loss": 1.5, "partial": True})
        return {"status": STATUS_OK, "loss": 1.0, "seen": ctrl.current_trial["result"]["loss"]}

    def checkpoints_and_raises(i, ctrl):
        ctrl.checkpoint({"status": STATUS_OK, "loss": 2.0, "partial": True})
        raise Own("after it")

    def sees_its_trial(i, ctrl):
        trial = ctrl.current_trial
        return {
            "status": STATUS_OK,
            "loss": 1.0,
            "keys": sorted(k for k in trial if k != "hopt_lease"),
            "vals": trial["misc"]["vals"],
            "types": [type(trial[k]).__name__ for k in ("tid", "book_time", "exp_key", "_id")],
        }

    def prints(i, ctrl):
        print('{"result": {"loss": 99}}')
        print('{"error": {"type": "no", "message": "no"}}', flush=True)
        os.write(1, b'{"ready": true}\n')
        os.system("echo '{\"result\": {\"loss\": 98}}'")
        return 4.0

    def reads_stdin(i, ctrl):
        return float(len(os.read(0, 100)))

    kinds = [f for name, f in sorted(locals().items()) if callable(f)]

    @fmin_pass_expr_memo_ctrl
    def objective(expr, memo, ctrl):
        i = pyll.rec_eval(expr, memo=memo)
        return kinds[i](i, ctrl)

    return objective, [f.__name__ for f in kinds]


def plain(value):
    """JSON, with types that show."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, str) and len(value) > 1000:
        return f"{len(value)} x {value[0]}"
    if value is None or isinstance(value, (bool, str)):
        return value
    return f"{type(value).__name__} {value!r}"


def main():
    from hyperopt.mongoexp import MongoTrials
    from driver_support import URL

    objective, names = make_objective()
    trials = MongoTrials(URL, exp_key=KEY)
    trials.attachments["shared"] = b"for all"
    minimize(objective, len(names), trials, ahead=len(names))
    docs = documents(trials)
    same("trials", list(range(len(names))), sorted(docs))
    visible = {d["tid"]: d for d in trials.trials}
    for i, name in enumerate(names):
        doc = docs[i]
        same(f"owner of {name}", 1, len(doc["owner"]))
        for key in ("book_time", "refresh_time"):
            assert isinstance(doc[key], datetime.datetime), (name, key)
        if doc["state"] == 2:  # the driver has seen it as it is
            same(f"{name} as the driver sees it", plain(doc["result"]), plain(visible[doc["tid"]]["result"]))
        line = {
            "name": name,
            "state": doc["state"],
            "result": plain(doc["result"]),
            "error": plain(doc.get("error")),
            "attachments": {},
        }
        attached = trials.trial_attachments(doc)
        for key in sorted(attached):
            blob = attached[key]
            line["attachments"][key] = f"{len(blob)} bytes {blob[:20]!r}"
        print(json.dumps(line, sort_keys=True))


if __name__ == "__main__":
    main()
