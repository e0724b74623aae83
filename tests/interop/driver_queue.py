"""A driver whose objective notes every evaluation: driver_queue.py EVALS [FAILED]. A file
hang.I.N makes the N-th evaluation of i = I hang until it is killed, slow.I.N until that file is
removed. Every trial must end once, with the result of the evaluation that ended it,
but for so many that must have failed."""
import os
import sys

from hyperopt import STATUS_OK, fmin_pass_expr_memo_ctrl, pyll

from driver_support import documents, minimize, same

WORK = os.environ["DRIVER_WORK"]
EVALS = int(sys.argv[1])
FAILED = int(sys.argv[2]) if len(sys.argv) > 2 else 0


def make_objective():
    work = WORK

    @fmin_pass_expr_memo_ctrl
    def objective(expr, memo, ctrl):
        import os
        import time

        i = pyll.rec_eval(expr, memo=memo)
        owner = ctrl.current_trial["owner"][0]
        with open(os.path.join(work, "began"), "a+") as file:
            file.seek(0)
            n = 1 + sum(line.split()[0] == str(i) for line in file)
            file.write(f"{i} {n} {owner}\n")
        if os.path.exists(os.path.join(work, f"hang.{i}.{n}")):
            with open(os.path.join(work, f"hangs.{i}.{n}"), "w") as file:
                file.write(str(os.getpid()))
            ctrl.checkpoint({"status": STATUS_OK, "loss": 100.0 + i, "partial": n})
            time.sleep(600)
        while os.path.exists(os.path.join(work, f"slow.{i}.{n}")):
            open(os.path.join(work, f"slows.{i}.{n}"), "w").close()
            time.sleep(0.02)
        return {"status": STATUS_OK, "loss": float(i), "evaluation": n, "owner": owner}

    return objective


def main():
    trials = minimize(make_objective(), EVALS, ahead=EVALS)
    docs = documents(trials)
    same("trials", list(range(EVALS)), sorted(docs))
    failed = [i for i, doc in docs.items() if doc["state"] == 3]
    same("trials that failed", FAILED, len(failed))
    same("trials that the driver sees", EVALS - FAILED, len(trials))
    for i in failed:
        del docs[i]
    for i, doc in docs.items():
        same(f"state of {i}", 2, doc["state"])
        same(f"loss of {i}", float(i), doc["result"]["loss"])
        same(f"who ended {i}", doc["owner"][0], doc["result"]["owner"])
    # Its evaluations, and those whose worker died or gave up, and no others.
    began = [line.split() for line in open(os.path.join(WORK, "began"))]
    extra = 0
    for i, doc in docs.items():
        times = sum(int(line[0]) == i for line in began)
        same(f"evaluations of {i}", times, doc["result"]["evaluation"])
        extra += times - 1
    print(f"extra {extra}")
    owners = {line[2] for line in began}
    print("workers", len(owners), "ours", sum(o.count(":") == 2 for o in owners))
    for owner in sorted(owners):
        print(owner, sum(line[2] == owner for line in began))


if __name__ == "__main__":
    main()
