"""fmin: propose, evaluate, learn. The signature and meaning are hyperopt's."""
import functools
import inspect
import logging
import math
import os
import pickle
import sys
import time

from . import executors, progress
from ._evaluate import Outcome
from ._seeds import Seeds
from ._suggest import resolve
from .base import (JOB_STATE_DONE, Domain, Trials, is_nan,
                   validate_loss_threshold, validate_timeout)
from .exceptions import InvalidAnnotatedParameter
from .pyll.base import as_apply, dfs, is_node, rec_eval

logger = logging.getLogger(__name__)

try:
    import cloudpickle as pickler
except ImportError:
    pickler = pickle

POLL_SECONDS = 0.5
# Ends that don't wait for what runs, where it can be stopped.
CANCELLING = ("timeout", "loss_threshold", "early_stop", "error")


def fmin_pass_expr_memo_ctrl(f):
    """Decorator: the objective is called as f(expr=..., memo=..., ctrl=...): the space, the values of
    its parameters by node, and hopt.Ctrl. rec_eval(expr, memo=memo) gives what it would else get."""
    f.fmin_pass_expr_memo_ctrl = True
    return f


def partial(fn, **kwargs):
    """functools.partial that keeps the mark of fmin_pass_expr_memo_ctrl."""
    made = functools.partial(fn, **kwargs)
    if hasattr(fn, "fmin_pass_expr_memo_ctrl"):
        made.fmin_pass_expr_memo_ctrl = fn.fmin_pass_expr_memo_ctrl
    return made


def space_eval(space, hp_assignment):
    """What the objective gets at {label: value}, a choice by its index: space_eval(space,
    trials.argmin)."""
    space = as_apply(space)
    memo = {}
    for node in dfs(space):
        if node.name == "hyperopt_param":
            from ._space import label_of

            label = label_of(node)
            if label in hp_assignment:
                memo[node] = hp_assignment[label]
    return rec_eval(space, memo=memo)


# ---- points that are given ----


def checked_point(point, domain):
    """{label: value} of a point that is given, active parameters only. ValueError says what is
    wrong."""
    unknown = [label for label in point if label not in domain.params]
    if unknown:
        raise ValueError("points_to_evaluate: the space has no parameter %s; it has %s" % (
            ", ".join(map(repr, unknown)), ", ".join(map(repr, domain.params))))
    active = _active_labels(domain, point)
    missing = [label for label in domain.params if label in active and label not in point]
    if missing:
        raise ValueError("points_to_evaluate: %r gives no value of %s" % (
            point, ", ".join(map(repr, missing))))
    return {label: value for label, value in point.items() if label in active}


def point_doc(tid, point, domain, trials):
    """A trial at a checked point."""
    vals = {label: [point[label]] if label in point else [] for label in sorted(domain.params)}
    misc = {"tid": tid, "cmd": domain.cmd, "workdir": domain.workdir,
            "idxs": {label: [tid] * len(value) for label, value in vals.items()}, "vals": vals}
    return trials.new_trial_docs([tid], [None], [domain.new_result()], [misc])[0]


def _active_labels(domain, point):
    """The labels that the space uses under the choices of `point`."""
    from ._space import label_of

    active, seen, stack = set(), set(), [domain.expr]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if node.name == "hyperopt_param":
            active.add(label_of(node))
        elif node.name == "switch":
            index = node.pos_args[0]
            stack.append(index)
            label = next((label_of(n) for n in dfs(index) if n.name == "hyperopt_param"), None)
            if label is None:
                stack.append(node.pos_args[rec_eval(index) + 1])
            elif label in point:
                option = int(point[label])
                if not 0 <= option < len(node.pos_args) - 1:
                    raise ValueError("points_to_evaluate: %s is %r, but the choice has %d options" % (
                        label, point[label], len(node.pos_args) - 1))
                stack.append(node.pos_args[option + 1])
        else:
            stack.extend(node.inputs())
    return active


def generate_trials_to_calculate(points):
    """Trials with those points to evaluate, as hyperopt makes them: no check, every label given."""
    trials = Trials()
    docs = []
    for tid, point in enumerate(points):
        misc = {"tid": tid, "cmd": ("domain_attachment", "FMinIter_Domain"), "workdir": None,
                "idxs": {label: [tid] for label in point},
                "vals": {label: [value] for label, value in point.items()}}
        docs += trials.new_trial_docs([tid], [None], [{"status": "new"}], [misc])
    trials.insert_trial_docs(docs)
    return trials


# ---- the loop ----


class _EndedView:
    """The trials with those that ended, in the order in which they ended: what an early_stop_fn sees
    where several run at a time."""

    def __init__(self, trials, ended):
        self._all = trials
        self._ended = ended

    @property
    def trials(self):
        return self._ended

    @property
    def results(self):
        return [trial["result"] for trial in self._ended]

    def losses(self, bandit=None):
        return [result.get("loss") for result in self.results]

    def __len__(self):
        return len(self._ended)

    def __iter__(self):
        return iter(self._ended)

    def __getattr__(self, name):
        return getattr(self._all, name)


class FMinIter:
    """An experiment that is run trial by trial: `for trials in FMinIter(...)`, or exhaust()."""

    catch_eval_exceptions = False

    def __init__(self, algo, domain, trials, rstate, asynchronous=None, max_queue_len=1,
                 poll_interval_secs=1.0, max_evals=sys.maxsize, timeout=None, loss_threshold=None,
                 verbose=False, show_progressbar=True, early_stop_fn=None, trials_save_file="",
                 executor=None):
        self.algo = resolve(algo)
        self.domain = domain
        self.trials = trials
        self.seeds = rstate if isinstance(rstate, Seeds) else Seeds(rstate)
        self.executor = executor or executors.Serial()
        self.max_queue_len = max(1, max_queue_len)
        self.max_evals = max_evals
        self.timeout = timeout
        self.loss_threshold = loss_threshold
        self.early_stop_fn = early_stop_fn
        self.early_stop_args = []
        self.trials_save_file = trials_save_file
        self.verbose = verbose
        self.progress_callback = progress.chosen(show_progressbar if verbose else False)
        self.start_time = time.monotonic()
        self._queued = []  # proposed, not started
        self._out = {}  # tid: started, not ended
        self._ended = []
        self._stop = None  # why nothing more is started
        self._error = None
        self._n_left = self._total = 0
        domain.study_seed = self.seeds.study

    # When to end.

    def _note_loss(self, result):
        loss = result.get("loss")
        if loss is not None and not is_nan(loss) and loss < self._best:
            self._best = loss

    def _check_limits(self):
        if self._stop is None and self.timeout is not None and (
                time.monotonic() - self.start_time >= self.timeout):
            self._stop = "timeout"
        if self._stop is None and self.loss_threshold is not None and (
                self._best < self.loss_threshold):
            self._stop = "loss_threshold"

    def _ask_early_stop(self):
        if self.early_stop_fn is None:
            return
        alone = self.executor.slots == 1
        stop, args = self.early_stop_fn(self.trials if alone else _EndedView(
            self.trials, self._ended), *self.early_stop_args)
        self.early_stop_args = args
        if stop and self._stop is None:
            logger.info("Early stop triggered. Stopping iterations as condition is reach.")
            self._stop = "early_stop"

    # One step.

    def _propose(self):
        """Fill the queue."""
        while len(self._queued) < self.max_queue_len and self._n_left > 0 and self._stop is None:
            if not self.trials._hopt_wants(self._total):
                self._n_left = 0
                return
            n = min(self.max_queue_len - len(self._queued), self._n_left)
            docs = self.trials._hopt_propose(self.algo, self.domain, n, self.seeds)
            if not docs:
                self._stop = "exhausted"
                return
            self._n_left -= len(docs)
            self.trials.insert_trial_docs(docs)
            self.trials.refresh()
            self._queued += self.trials._dynamic_trials[-len(docs):]

    def _start_some(self):
        """Start evaluations while there are slots."""
        while len(self._out) < self.executor.slots:
            if not self._queued:
                # hyperopt looks at its limits only when all that was queued has ended.
                self._check_limits()
                if self._stop is None:
                    self._propose()
            if not self._queued or self._stop in ("timeout", "error"):
                return
            trial = self._queued.pop(0)
            self.trials._hopt_started(trial)
            self._out[trial["tid"]] = trial
            self.executor.start(trial, self.domain, self.trials)

    def _take(self, trial, outcome):
        """An evaluation ended."""
        self._out.pop(trial["tid"], None)
        self.trials._hopt_ended(trial, outcome)
        self._ended.append(trial)
        if outcome.state == JOB_STATE_DONE:
            self._n_done += 1
            self._note_loss(trial["result"])
        if outcome.state == 3:
            logger.error("job exception: %s", outcome.error[1])
            if not self.catch_eval_exceptions and self._error is None:
                self._error, self._stop = outcome, "error"

    def _after(self, context, ended):
        """What is done when a trial ended: save, report."""
        if self.trials_save_file != "":
            _save(self.trials, self.trials_save_file)
        if self._best < math.inf:
            context.postfix = "best loss: " + str(self._best)
        if ended["state"] == JOB_STATE_DONE:
            context.update(1)

    def run(self, N, block_until_done=True):
        """Propose N trials, and evaluate these and what was queued."""
        self._n_left = N
        self._stop = self._error = None
        self._n_done = self.trials.count_by_state_unsynced(JOB_STATE_DONE)
        self._best = math.inf
        for result in self.trials.results:
            self._note_loss(result)
        self._queued = self.trials._hopt_queue()
        self._total = self.trials._hopt_count() + N
        try:
            with self.progress_callback(initial=self._n_done, total=self.max_evals) as context:
                self._loop(context)
        except BaseException as exception:
            self._give_up(exception)
            raise
        if self._error is not None:
            self._error.raise_error()

    def _loop(self, context):
        cancelled = False
        while True:
            if self._stop is None or self._queued:
                self._start_some()
            if not self._out:
                return
            if self._stop in CANCELLING and self.executor.cancels and not cancelled:
                cancelled = True
                self.executor.cancel(self._stop)
            for trial, outcome in self.executor.wait(POLL_SECONDS):
                self._take(trial, outcome)
                self.trials.refresh()
                if outcome.state != 4:
                    self._ask_early_stop()
                self._after(context, trial)
            self._check_limits() if self.executor.slots > 1 else None

    def _give_up(self, exception):
        """The user interrupted, or something broke: what is out is cancelled."""
        reason = type(exception).__name__
        try:
            self.executor.cancel(reason)
            for trial, outcome in self.executor.wait(0):
                self._take(trial, outcome)
        finally:
            for trial in list(self._out.values()):
                self.trials._hopt_ended(trial, Outcome.cancelled(reason))
            self._out = {}
            self.trials.refresh()

    # hyperopt's ways to use it.

    def serial_evaluate(self, N=-1):
        """Evaluate what is queued; propose nothing."""
        self.run(0)

    def __iter__(self):
        return self

    def __next__(self):
        self.run(1)
        if self._stop == "early_stop" or len(self.trials) >= self.max_evals:
            raise StopIteration()
        return self.trials

    def exhaust(self):
        self.run(self.max_evals - self.trials._hopt_count())
        self.trials.refresh()
        return self


def _save(trials, path):
    """Pickle the trials: all of them or, when it is interrupted, those of before."""
    with open(path + ".part", "wb") as file:
        pickler.dump(trials, file)
    os.replace(path + ".part", path)


# ---- fmin ----


def _annotated(fn):
    """The space in the annotations of an objective, and that objective with one argument."""
    space = {name: hint for name, hint in inspect.getfullargspec(fn).annotations.items()
             if name != "return"}
    for hint in space.values():
        if not is_node(hint):
            raise InvalidAnnotatedParameter('When using `space="annotated"`, please annotate the '
                                            "objective function arguments with hp.*")
    return (lambda kwargs: fn(**kwargs)), space


def fmin(fn, space, algo=None, max_evals=None, timeout=None, loss_threshold=None, trials=None,
         rstate=None, allow_trials_fmin=True, pass_expr_memo_ctrl=None, catch_eval_exceptions=False,
         verbose=True, return_argmin=True, points_to_evaluate=None, max_queue_len=1,
         show_progressbar=True, early_stop_fn=None, trials_save_file="", *, parallelism=1,
         backend=None):
    """Minimize `fn` over `space`; the best point as {label: value}.

    fn                   the objective: gets a point of the space, returns its loss, or a dict with
                         "status" (STATUS_OK, STATUS_FAIL), "loss", and whatever else is to be kept;
                         of it "attachments" ({name: bytes}) is kept apart
    space                of hp.* (hopt's or hyperopt's) in dicts, lists and tuples; "annotated": in the
                         annotations of fn's arguments
    algo                 tpe.suggest (the default), hopt.hyperopt.suggest, rand.suggest,
                         anneal.suggest, gp.suggest, auto.suggest, any with functools.partial, or
                         one's own (new_ids, domain, trials, seed)
    max_evals            how many trials there shall be, those in `trials` included (those that raised
                         not; points_to_evaluate come on top)
    timeout              seconds after which no evaluation is begun
    loss_threshold       end when the best loss is below it
    trials               where the trials are kept: Trials(), to look at them and to go on;
                         Trials(store="sqlite:FILE") or a MongoDB URI, or these as text, to keep them;
                         SparkTrials()
    rstate               numpy.random.default_rng(n), or n: the same trials again
    pass_expr_memo_ctrl  call fn(expr=, memo=, ctrl=), as fmin_pass_expr_memo_ctrl says
    catch_eval_exceptions  True: an objective that raises makes a trial in error, and the run goes on;
                         else the exception is raised here
    verbose, show_progressbar  a progress bar; or a context manager of one's own (hopt.progress)
    return_argmin        False: return what the objective got at the best point, None when there is
                         none
    points_to_evaluate   [{label: value}, ...] to evaluate first
    max_queue_len        how many trials are proposed at once
    early_stop_fn        hopt.early_stop.no_progress_loss(n), or one's own: called after each trial
    trials_save_file     pickle the trials there after each; go on with it when it exists

    More than hyperopt's:

    parallelism          how many evaluations at a time
    backend              "threads" (the default), or "processes": each in a child by fork()
    """
    if algo is None:
        from . import tpe

        algo = tpe.suggest
    max_evals = sys.maxsize if max_evals is None else max_evals
    validate_timeout(timeout)
    validate_loss_threshold(loss_threshold)
    seeds = rstate if isinstance(rstate, Seeds) else Seeds(rstate)
    if isinstance(space, str) and space == "annotated":
        fn, space = _annotated(fn)
    if isinstance(trials, str):
        trials = Trials(store=trials)

    ours = isinstance(trials, Trials)
    if trials is not None and not ours and not (allow_trials_fmin and hasattr(trials, "fmin")):
        raise TypeError("trials must be hopt.Trials, or have a method fmin, not %s"
                        % type(trials).__name__)
    if trials is not None and allow_trials_fmin and (
            not ours or type(trials).fmin is not Trials.fmin):
        more = {}
        if points_to_evaluate is not None:
            more["points_to_evaluate"] = points_to_evaluate
        return trials.fmin(
            fn, space, algo=algo, max_evals=max_evals, timeout=timeout,
            loss_threshold=loss_threshold, max_queue_len=max_queue_len,
            rstate=rstate if rstate is not None else seeds, pass_expr_memo_ctrl=pass_expr_memo_ctrl,
            verbose=verbose, catch_eval_exceptions=catch_eval_exceptions,
            return_argmin=return_argmin, show_progressbar=show_progressbar,
            early_stop_fn=early_stop_fn, trials_save_file=trials_save_file, **more)

    if trials is None:
        if trials_save_file and os.path.exists(trials_save_file):
            with open(trials_save_file, "rb") as file:
                trials = pickler.load(file)
        else:
            trials = Trials()
    domain = Domain(fn, space, pass_expr_memo_ctrl=pass_expr_memo_ctrl)
    executor = trials._hopt_executor(domain, parallelism, backend) or executors.make(
        parallelism, backend)
    experiment = FMinIter(algo, domain, trials, seeds, max_queue_len=max_queue_len,
                          max_evals=max_evals, timeout=timeout, loss_threshold=loss_threshold,
                          verbose=verbose, show_progressbar=show_progressbar,
                          early_stop_fn=early_stop_fn, trials_save_file=trials_save_file,
                          executor=executor)
    experiment.catch_eval_exceptions = catch_eval_exceptions
    try:
        trials._hopt_begin(domain, experiment.algo, seeds)
        n_before = trials._hopt_count()
        if points_to_evaluate is not None and len(trials) == 0:
            _insert_points(points_to_evaluate, domain, trials)
        experiment.run(max_evals - n_before)
    finally:
        executor.close()
        trials._hopt_end()
    trials.refresh()
    return _answer(space, trials, return_argmin)


def _insert_points(points, domain, trials):
    if not isinstance(points, (list, tuple)) or not all(isinstance(p, dict) for p in points):
        raise ValueError("points_to_evaluate must be a list of dicts, not %r" % (points,))
    trials._hopt_points([checked_point(point, domain) for point in points], domain)
    trials.refresh()


def _answer(space, trials, return_argmin):
    if len(trials) == 0:
        if return_argmin:
            raise Exception("There are no evaluation tasks, cannot return argmin of task losses.")
        return None
    best = trials.argmin
    return best if return_argmin else space_eval(space, best)
