"""A result that MongoDB can't take, as a checkpoint and at the end: the objective learns of the one,
the other ends the trial. The next trial is well. An empty key is for the server to judge."""
from hyperopt import STATUS_OK, fmin_pass_expr_memo_ctrl, pyll

from driver_support import documents, minimize, same

SIZE = 20 << 20  # a document holds 16 MB


@fmin_pass_expr_memo_ctrl
def objective(expr, memo, ctrl):
    i = pyll.rec_eval(expr, memo=memo)
    result = {"status": STATUS_OK, "loss": float(i)}
    if i == 0:
        return dict(result, large="x" * SIZE)
    if i == 1:
        try:
            ctrl.checkpoint(dict(result, large="x" * SIZE))
        except RuntimeError as error:
            result["refused"] = str(error)
    if i == 2:
        ctrl.attachments["large"] = b"x" * (40 << 20)
    if i == 3:
        return dict(result, keys={"": 1})
    return result


def main():
    docs = documents(minimize(objective, 5))
    same("states", [3, 2, 2, 2], [docs[i]["state"] for i in (0, 1, 2, 4)])
    same("empty key", True, docs[3]["state"] == 2 or docs[3]["error"][0] == "BadResult")
    same("type of the error", "BadResult", docs[0]["error"][0])
    same("result", {"status": "new"}, docs[0]["result"])
    assert docs[1]["result"]["refused"].startswith("checkpoint: "), docs[1]["result"]


if __name__ == "__main__":
    main()
