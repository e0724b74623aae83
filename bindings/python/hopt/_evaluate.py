"""One evaluation: a point in, an Outcome out, in this process or another one."""
import pickle
import traceback

LOG_BYTES_MAX = 60000


class Outcome:
    """How an evaluation ended.

    state        2: done, 3: error, 4: cancelled
    result       the dict of a done one, without attachments
    error        (type, message) of the others, as hyperopt has them in misc["error"]
    log          the traceback
    exception    what was raised; None where it can't be pickled
    attachments  {name: value}, where they are not in the trials already
    """

    def __init__(self, state, result=None, error=None, log="", exception=None, attachments=None):
        self.state = state
        self.result = result
        self.error = error
        self.log = log
        self.exception = exception
        self.attachments = attachments or {}

    @classmethod
    def of_exception(cls, exception):
        log = "".join(traceback.format_exception(type(exception), exception,
                                                 exception.__traceback__))
        return cls(3, error=(str(type(exception)), str(exception)), log=log[-LOG_BYTES_MAX:],
                   exception=exception)

    @classmethod
    def cancelled(cls, reason):
        return cls(4, error=("cancelled", reason))

    def raise_error(self):
        """Raise what the objective raised."""
        if self.exception is not None:
            raise self.exception
        raise EvaluationError("%s: %s\n%s" % (self.error[0], self.error[1], self.log))


class EvaluationError(RuntimeError):
    """An objective failed in another process, with an exception that can't come over."""


class RemoteTrials:
    """What Ctrl has for Trials where the trials are in another process: attachments, by name."""

    def __init__(self):
        self.attachments = {}

    def trial_attachments(self, trial):
        return self.attachments

    def refresh(self):
        pass


def evaluate(domain, point, ctrl):
    """The Outcome of an objective at {label: value}. Exceptions become outcomes, all but those that
    end the program."""
    try:
        return Outcome(2, result=domain.evaluate(point, ctrl))
    except Exception as exception:
        return Outcome.of_exception(exception)


def evaluate_remote(domain, point, doc=None):
    """The same in another process: attachments come in the outcome."""
    from .base import Ctrl

    trials = RemoteTrials()
    outcome = evaluate(domain, point, Ctrl(trials, current_trial=dict(doc or {})))
    outcome.attachments = trials.attachments
    return outcome


def packed(outcome, dumps=pickle.dumps):
    """An outcome as bytes. An exception, or a result, that can't be pickled is told by text."""
    try:
        data = dumps(outcome)
        pickle.loads(data)  # some exceptions can be dumped only
        return data
    except Exception as problem:
        why = problem
    if outcome.exception is not None:
        outcome.exception = None
        return packed(outcome, dumps)
    failed = Outcome.of_exception(TypeError("the result can't be sent to fmin's process: %s" % why))
    return pickle.dumps(failed)
