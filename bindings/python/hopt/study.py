"""Ask and tell: for loops of one's own, in any number of threads and programs.

    study = Study(hp.uniform("x", -5, 5), store="sqlite:curve.hopt.db", name="curve")
    for _ in range(50):
        with study.ask() as trial:      # an exception makes the trial an error
            trial.tell((trial.params - 3) ** 2)
    print(study.best.loss, study.best.params)
"""
import traceback

from . import _handles
from ._seeds import Seeds
from ._suggest import native
from .base import Domain, checked_result
from .exceptions import SpaceExhausted
from .fmin import checked_point, space_eval
from .pyll.base import rec_eval
from .store import document


class Trial:
    """A trial that was asked for. It is told once: tell(), fail(), error(), pruned() or release()."""

    def __init__(self, study, evaluation):
        self._study, self._evaluation = study, evaluation
        self.num = evaluation.num
        self.seed = evaluation.seed
        self.attempt = evaluation.attempt
        vals = study._domain.space.outer(evaluation.vals)
        self.point = {label: value[0] for label, value in vals.items() if value}
        self._told = False

    @property
    def params(self):
        """What an objective gets: the space with every parameter replaced by its value."""
        domain = self._study._domain
        return rec_eval(domain.expr, memo=domain.memo_from_config(self.point))

    def report(self, step, loss):
        """Tell an intermediate loss. True: stop, and call pruned()."""
        return self._evaluation.report(step, loss)

    def should_stop(self):
        return self._evaluation.should_stop()

    def attach(self, name, data):
        """Keep bytes or text with the trial."""
        self._evaluation.attach(name, data)

    def log(self, text):
        self._evaluation.log(text)

    def _end(self, tell, *args):
        if self._told:
            raise ValueError("trial %d was told already" % self.num)
        tell(*args)
        self._told = True
        self._evaluation.close()

    def tell(self, result):
        """The loss, or a dict with "status" and "loss" as objectives return it."""
        result = checked_result(result if not isinstance(result, dict)
                                else dict({"status": "ok"}, **result))
        for name, data in result.pop("attachments", {}).items():
            self.attach(name, data)
        self._end(self._evaluation.tell, result)

    def fail(self, reason=None):
        """The point has no loss."""
        self._end(self._evaluation.tell, {"status": "fail", "status_fail": reason})

    def error(self, exception):
        """The evaluation broke."""
        log = "".join(traceback.format_exception(type(exception), exception,
                                                 exception.__traceback__))
        self._end(self._evaluation.tell_error, str(type(exception)), str(exception), log)

    def pruned(self):
        """It was stopped early; its last report ranks it."""
        self._end(self._evaluation.pruned)

    def release(self):
        """Nobody evaluates it now: back to the queue."""
        self._end(self._evaluation.release)

    def __enter__(self):
        return self

    def __exit__(self, kind, exception, trace):
        if not self._told:
            if exception is None:
                self.release()
            elif isinstance(exception, Exception):
                self.error(exception)
            else:  # the user interrupts
                self.release()
        return False


class Record:
    """A trial as it is stored: num, state, status, loss, point {label: value}, extras, error."""

    def __init__(self, study, line):
        self._study, self.line = study, line
        vals = study._domain.space.outer(line["vals"]) if study._domain else line["vals"]
        self.point = {label: value[0] for label, value in vals.items() if value}
        self.num, self.state, self.status = line["num"], line["state"], line["status"]
        self.loss, self.error = line["loss"], line.get("error")
        self.extras = line.get("extras") or {}

    @property
    def params(self):
        if self._study._domain is None:
            return self.line["params"]
        return space_eval(self._study._domain.expr, self.point)

    @property
    def attachments(self):
        handle, num = self._study._handle, self.num
        return {name: handle.attachment(num, name) for name in handle.attachments(num)}

    @property
    def log(self):
        return self._study._handle.log(self.num)

    def __repr__(self):
        return "<trial %d: %s, loss %s, %s>" % (self.num, self.state, self.loss, self.point)


class Study:
    """A study of its own or of a store; one object may be shared by threads.

    space      of hp.*; None: only look at a study that is in the store (no ask())
    algo       one of hopt's: auto.suggest, tpe.suggest, hopt.hyperopt.suggest, ...; None: that of the
               study when it is there already, else auto.suggest
    store      "sqlite:FILE", "mongodb://..."; None: in memory
    name       of the study in its store
    rstate     a seed, or numpy.random.default_rng(seed)
    direction  "minimize" or "maximize"
    points     [{label: value}, ...] to be asked first
    settings   of a study file, by their paths: {"trial.lease_s": 10}
    """

    def __init__(self, space=None, algo=None, store=None, name=None, rstate=None,
                 direction="minimize", points=None, settings=None):
        if direction not in ("minimize", "maximize"):
            raise ValueError("direction must be 'minimize' or 'maximize', not %r" % (direction,))
        self._domain = None
        if space is None:
            self._handle = _handles.StudyHandle.load(store, name)
            if self._handle is None:
                raise KeyError("no study %r in %s" % (name, store))
            return
        sampler = native(algo)
        if algo is not None and sampler is None:
            raise ValueError("algo must be one of hopt's own, e.g. hopt.tpe.suggest")
        seeds = Seeds(rstate)
        seed = seeds.study if seeds.study is not None or not seeds.given else seeds.draw()
        self._domain = Domain(None, space)
        points = [self._domain.space.inner(checked_point(point, self._domain))
                  for point in points or []]
        self._handle = _handles.StudyHandle.open(
            self._domain.space.text, store=store, name=name, sampler=sampler, seed=seed,
            maximize=direction == "maximize", points=points, settings=settings)

    @property
    def name(self):
        return self._handle.name

    @property
    def seed(self):
        return self._handle.seed

    def ask(self):
        """The next Trial. SpaceExhausted: every point was tried."""
        if self._domain is None:
            raise ValueError("the study was opened without its space")
        evaluation = self._handle.ask()
        if evaluation is None:
            raise SpaceExhausted("every point of the space was tried")
        return Trial(self, evaluation)

    def tell(self, trial, result):
        trial.tell(result)

    def trials(self):
        """A Record of each trial, by number."""
        return [Record(self, line) for line in self._handle.trials()]

    def __iter__(self):
        return iter(self.trials())

    def __len__(self):
        return sum(self._handle.counts())

    @property
    def best(self):
        """The Record of the best trial; None when there is none yet."""
        line = self._handle.best()
        return None if line is None else Record(self, line)

    def to_trials(self):
        """hopt.Trials of all that ended or runs, for hyperopt's functions."""
        from .base import trials_from_docs

        outer = self._domain.space.outer if self._domain else dict
        return trials_from_docs([document(line, outer, None, self._handle.maximizes)
                                 for line in self._handle.trials()])

    def close(self):
        self._handle.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()
        return False
