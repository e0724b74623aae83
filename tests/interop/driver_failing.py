"""An objective that always fails: driver_failing.py TRIALS. Two more are queued; it leaves when so
many have failed."""
import os
import sys
import threading

from hyperopt.mongoexp import MongoTrials

from driver_support import KEY, URL, documents, minimize, wait_for


def main():
    wanted = int(sys.argv[1])

    def objective(i):
        raise RuntimeError(f"no {i}")

    # fmin waits for trials that nobody evaluates.
    thread = threading.Thread(target=minimize, args=(objective, wanted + 2), daemon=True)
    thread.start()
    trials = MongoTrials(URL, exp_key=KEY)
    wait_for(
        "the failed trials",
        lambda: sum(d["state"] == 3 for d in documents(trials).values()) >= wanted,
    )
    failed = [d for d in documents(trials).values() if d["state"] == 3]
    assert all(d["error"][0] == "<class 'RuntimeError'>" for d in failed), failed
    assert all(d["result"] == {"status": "new"} for d in failed), failed
    print("failed", len(failed), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
