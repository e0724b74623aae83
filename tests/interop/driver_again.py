"""A second fmin with the same exp_key and another objective: its trials are evaluated by that one,
by workers that have the first one loaded."""
import os

from hyperopt import STATUS_OK, fmin_pass_expr_memo_ctrl, pyll

from driver_support import documents, minimize, same

ROUNDS, EACH = 4, 6


def make_objective(round_number):
    loaded = []  # what a worker that loads the domain once sees grow

    @fmin_pass_expr_memo_ctrl
    def objective(expr, memo, ctrl):
        i = pyll.rec_eval(expr, memo=memo)
        loaded.append(i)
        import os

        return {
            "status": STATUS_OK,
            "loss": float(i),
            "round": round_number,
            "process": os.getpid(),
            "loaded": len(loaded),
        }

    return objective


def main():
    trials = None
    for number in range(ROUNDS):
        trials = minimize(
            make_objective(number), (number + 1) * EACH, trials, start=number * EACH
        )
    docs = documents(trials)
    same("trials", list(range(ROUNDS * EACH)), sorted(docs))
    for i, doc in docs.items():
        same(f"round of {i}", i // EACH, doc["result"]["round"])
    again = max(doc["result"]["loaded"] for doc in docs.values())
    same("a worker loads a domain once", True, again > 1)
    same("and not for ever", True, again <= EACH)
    files = [f for f in trials.handle.gfs.list() if f == "FMinIter_Domain"]
    same("domains", 1, len(files))
    print("processes", len({doc["result"]["process"] for doc in docs.values()}))


if __name__ == "__main__":
    main()
