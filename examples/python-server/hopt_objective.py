"""hopt_objective: the child protocol of hopt in one file; copy it beside your script.

As a server, started once and given one trial after the other:

    import hopt_objective as hopt

    def objective(trial):
        for epoch in range(10):
            loss = train(trial.params["lr"])
            if trial.report(epoch, loss):      # True: hopt asks to stop
                break
        trial.attach("model.bin")              # a file in trial.workdir
        return {"loss": loss, "accuracy": 0.9} # or just the loss

    hopt.serve(objective)

As a command, one process a trial: the same with hopt.run(objective). A trial without result:
`raise hopt.Fail("diverged")`. Any other exception ends the process: its trial becomes an error.

What the script prints is the trial's log. Needs Python 3.6, standard library only.
"""
import json
import os
import sys
import traceback

__all__ = ["Fail", "Trial", "run", "serve"]


class Fail(Exception):
    """These parameters have no loss; the trial ends as failed, not as an error."""


class Trial:
    """One evaluation."""

    def __init__(self, line, send, receive):
        self.params = line["params"]  #: resolved parameters, nested as in the space
        self.num = line["trial"]  #: its number in the study
        self.study = line["study"]
        self.attempt = line["attempt"]  #: 1 the first time
        self.seed = line["seed"]  #: below 2**63, the same in every attempt
        self.slot = line["slot"]
        self.workdir = line["workdir"]  #: scratch folder of its own, kept between attempts
        self._send, self._receive = send, receive

    def report(self, step, loss):
        """Tell an intermediate loss. True: please stop soon."""
        self._send({"report": {"step": int(step), "loss": float(loss)}})
        answer = self._receive()
        return bool(answer and json.loads(answer).get("stop"))

    def attach(self, file, name=None):
        """Keep a file of the workdir with the trial, at most 64 MB."""
        path = os.path.join(self.workdir, file)
        self._send({"attach": {"name": name or os.path.basename(file), "file": path}})


def _evaluate(objective, trial, send):
    try:
        result = objective(trial)
        if not isinstance(result, dict):
            result = {"loss": float(result)}
    except Fail as reason:
        result = {"status": "fail", "status_fail": str(reason)}
    except Exception:
        traceback.print_exc()
        sys.exit(1)
    send({"result": result})


def _streams():
    """The protocol's two ends; what the script and its libraries print goes to the log instead."""
    sys.stdout.flush()
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    into = os.fdopen(os.dup(0), "r", encoding="utf-8")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)

    def send(message):
        out.write(json.dumps(message, default=_number) + "\n")
        out.flush()

    return send, into.readline


def _number(value):
    """numpy's numbers and arrays."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value)


def serve(objective):
    """Evaluate trials until hopt closes the input. `objective(trial)` gives a loss or a dict."""
    send, receive = _streams()
    send({"ready": True})
    for line in iter(receive, ""):
        _evaluate(objective, Trial(json.loads(line), send, receive), send)
        sys.stdout.flush()


def run(objective):
    """Evaluate the one trial of a command."""
    send, receive = _streams()
    line = receive()
    if not line:
        sys.exit("no trial on standard input: this script is started by hopt")
    _evaluate(objective, Trial(json.loads(line), send, receive), send)
