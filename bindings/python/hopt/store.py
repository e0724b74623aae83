"""Trials in a store: a SQLite file or MongoDB. Every trial is kept as it happens, `hopt trials list`,
`hopt plot` and the rest work on it, and several programs may go on with the same trials at once."""
import datetime
import json
import logging
import time

from . import _handles
from ._library import ECONFLICT, ESTORE, EUNAVAILABLE
from ._suggest import native, repeating
from .base import (JOB_STATE_CANCEL, JOB_STATE_DONE, JOB_STATE_ERROR, JOB_STATE_NEW,
                   Trials)
from .exceptions import LibraryError

logger = logging.getLogger(__name__)

# How long a store that is away is waited for.
RETRIES_S = (0.2, 1, 2, 4, 8, 16, 30)

STATES = ("new", "running", "done", "error", "cancel")


def _time(text):
    """A time of a record, as documents have it."""
    if text is None:
        return None
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ")


def document(line, outer, exp_key, maximizes):
    """A trial's document of its record. `outer` gives labels their names."""
    num = line["num"]
    vals = outer(line["vals"])
    result = dict(line.get("extras") or {}, status=line["status"])
    if line["loss"] is not None:
        result["loss"] = -line["loss"] if maximizes else line["loss"]
    if line.get("status_fail") is not None:
        result["status_fail"] = line["status_fail"]
    doc = {"tid": num, "state": STATES.index(line["state"]), "spec": None, "result": result,
           "exp_key": exp_key, "owner": line.get("worker"), "version": 0,
           "book_time": _time(line.get("start")), "refresh_time": _time(line.get("end")),
           "misc": {"tid": num, "cmd": ("hopt",), "workdir": None,
                    "idxs": {label: [num] * len(value) for label, value in vals.items()},
                    "vals": vals},
           "hopt": {key: line[key] for key in ("num", "tid", "seed", "attempt") if key in line}}
    if line.get("error"):
        doc["misc"]["error"] = (line["error"]["type"], line["error"]["message"])
    return doc


def patiently(call, *arguments):
    """Call, and again while the store is away for a moment: its calls may be made again."""
    for seconds in RETRIES_S:
        try:
            return call(*arguments)
        except LibraryError as error:
            if error.status not in (ESTORE, EUNAVAILABLE):
                raise
            logger.warning("%s; again in %g s", error, seconds)
            time.sleep(seconds)
    return call(*arguments)


class StoredAttachments:
    """attachments[name] of a trial: set while it is evaluated here, read from the store."""

    def __init__(self, trials, trial):
        self._trials, self._num = trials, trial["tid"]

    def __setitem__(self, name, value):
        evaluation = self._trials._asked.get(self._num)
        if evaluation is None:
            raise KeyError("trial %d has ended: attachments are set while it is evaluated"
                           % self._num)
        evaluation.attach(name, value)

    def __getitem__(self, name):
        return self._trials._open_handle().attachment(self._num, name)

    def _names(self):
        return self._trials._open_handle().attachments(self._num)

    def __contains__(self, name):
        return name in self._names()

    def __iter__(self):
        return iter(self._names())

    def __len__(self):
        return len(self._names())


class StoreTrials(Trials):
    """Trials(store="sqlite:digits.hopt.db"), Trials(store="mongodb://host/database", exp_key="digits").

    store    as hopt's --store
    exp_key  the study's name, "fmin" by default

    fmin goes on with what is there: max_evals counts the trials of before and of other programs. The
    space must be the same. What the objective returns must be what JSON can hold, numpy's numbers and
    arrays included; attachments are bytes. Trials that another program evaluates, or that a killed one
    left, appear with refresh(); the left ones are evaluated again.
    """

    def __init__(self, exp_key=None, refresh=True, *, store):
        self._store = store
        self._name = exp_key or "fmin"
        self._handle = None
        self._outer = lambda vals: vals
        self._asked = {}  # num: Evaluation
        self._sampler = self._study_text = None
        self._running = False
        self._last_num = -1
        super().__init__(exp_key=self._name, refresh=False)
        self._handle = self._load()
        if refresh:
            self.refresh()

    def _load(self):
        """The study, if there is one. A store that is not there yet is made by fmin."""
        try:
            return _handles.StudyHandle.load(self._store, self._name)
        except LibraryError as error:
            if error.status == EUNAVAILABLE and self._store.startswith("sqlite:"):
                return None
            raise

    def _open_handle(self):
        if self._handle is None:
            raise ValueError("no trials of %r are in %s" % (self._name, self._store))
        return self._handle

    def view(self, exp_key=None, refresh=True):
        raise NotImplementedError("Trials(store=..., exp_key=...) opens another study")

    def __getstate__(self):
        raise TypeError("trials in a store are not pickled: they are in the store. Open it again, or "
                        "take hopt.trials_from_docs(trials.trials, exp_key=%r)" % self._name)

    def refresh(self):
        """Read what is new in the store. While fmin runs here: what it knows itself."""
        if self._handle is not None and not self._running:
            self._read()
        super().refresh()

    def _read(self):
        mine = {doc["tid"]: doc for doc in self._dynamic_trials}
        docs = []
        for line in self._handle.trials():
            known = mine.get(line["num"])
            if known is not None and known["state"] == STATES.index(line["state"]):
                docs.append(known)  # with the Python objects of its result
            else:
                docs.append(document(line, self._outer, self._exp_key, self._handle.maximizes))
        self._dynamic_trials, self._n_known = docs, 0

    def trial_attachments(self, trial):
        return StoredAttachments(self, trial)

    def trial_log(self, trial):
        """The log of a trial: the traceback where its objective raised."""
        return self._open_handle().log(trial["tid"])

    def delete_all(self):
        raise NotImplementedError("delete the study with `hopt study delete %s`" % self._name)

    def insert_trial_docs(self, docs):
        if any(doc["tid"] not in self._asked for doc in docs):
            raise NotImplementedError("trials of a store are made by fmin and hopt.Study")
        return super().insert_trial_docs(docs)

    def insert_trial_doc(self, doc):
        return self.insert_trial_docs([doc])[0]

    # What fmin calls.

    def _hopt_begin(self, domain, algo, seeds):
        sampler = native(algo)
        self._custom = sampler is None
        if self._handle is not None:
            self._handle.close()
            self._handle = None
        text = '{"name": %s, "space": %s}' % (json.dumps(self._name), domain.space.text)
        self._outer = domain.space.outer
        seed = seeds.study
        if seed is None and seeds.given:  # a generator that was used before
            seed = seeds.draw()
        self._how = dict(text=text, store=self._store, name=self._name,
                         sampler=sampler or {"name": "random", "repeat": True}, seed=seed)
        self._handle = _handles.StudyHandle.open(**self._how)
        self._dynamic_trials, self._n_known = [], 0
        self.refresh()
        self._running = True

    def _hopt_count(self):
        # Those in the queue are evaluated by whoever asks next; given points are asked already.
        waiting = self.count_by_state_synced(JOB_STATE_NEW) - len(self._hopt_queue())
        return len(self._trials) - waiting

    def _hopt_wants(self, total):
        # Numbers that are not ours say that others make trials, too.
        if self._last_num < len(self._dynamic_trials):
            return True
        _, running, done, _, _ = self._handle.counts()
        return running + done < total

    def _hopt_points(self, points, domain):
        """Points that are given are the first trials."""
        self.insert_trial_docs([self._ask(vals=domain.space.inner(point)) for point in points])

    def _hopt_queue(self):
        return [doc for doc in self._dynamic_trials
                if doc["tid"] in self._asked and doc["state"] == JOB_STATE_NEW]

    def _hopt_end(self):
        self._running = False
        for evaluation in self._asked.values():
            evaluation.close()  # back to the queue
        self._asked = {}
        if self._handle is not None:
            super().refresh()

    def _evaluation(self, vals):
        try:
            return patiently(self._handle.ask, vals)
        except LibraryError as error:
            if error.status != ECONFLICT:
                raise
            logger.warning("%s", error)  # paused, done: by a person
            return None

    def _ask(self, vals=None):
        """A document of the next trial; None when there is none."""
        evaluation = self._evaluation(vals)
        again = repeating(self._how["sampler"])
        if evaluation is None and again != self._how["sampler"] and (
                "repeat" not in self._how["sampler"]) and not self._asked:
            # A finite space is used up: fmin goes on to max_evals.
            self._how["sampler"] = again
            self._handle.close()
            self._handle = _handles.StudyHandle.open(**self._how)
            evaluation = self._evaluation(vals)
        if evaluation is None:
            return None
        num, labels = evaluation.num, self._outer(evaluation.vals)
        self._last_num = max(self._last_num, num)
        self._asked[num] = evaluation
        # It may have been in the queue.
        self._dynamic_trials = [doc for doc in self._dynamic_trials if doc["tid"] != num]
        misc = {"tid": num, "cmd": ("hopt",), "workdir": None,
                "idxs": {label: [num] * len(value) for label, value in labels.items()},
                "vals": labels}
        doc = self.new_trial_docs([num], [None], [{"status": "new"}], [misc])[0]
        doc["hopt"] = {"num": num, "seed": evaluation.seed, "attempt": evaluation.attempt}
        return doc

    def _hopt_propose(self, algo, domain, n, seeds):
        if not self._custom:
            doc = self._ask()
            return [] if doc is None else [doc]
        proposed = algo(self.new_trial_ids(n), domain, self, seeds.draw())
        vals = [{label: value[0] for label, value in doc["misc"]["vals"].items() if value}
                for doc in proposed]
        return [self._ask(vals=domain.space.inner(point)) for point in vals]

    def _hopt_ended(self, trial, outcome):
        evaluation = self._asked.pop(trial["tid"])
        try:
            patiently(self._write_end, evaluation, outcome)
        except LibraryError as error:
            if error.status != ECONFLICT:
                raise
            logger.warning("%s", error)  # this program stood still for too long: another has it
            outcome.state, outcome.error = JOB_STATE_CANCEL, ("lost", str(error))
        finally:
            evaluation.close()
        super()._hopt_ended(trial, outcome)

    def _write_end(self, evaluation, outcome):
        if outcome.state == JOB_STATE_DONE:
            self._tell(evaluation, outcome)
        elif outcome.state == JOB_STATE_ERROR:
            evaluation.tell_error(outcome.error[0], outcome.error[1], outcome.log)
        else:
            evaluation.release()

    def _tell(self, evaluation, outcome):
        """What can't be stored makes the trial an error."""
        try:
            for name, value in outcome.attachments.items():
                evaluation.attach(name, value)
            evaluation.tell(outcome.result)
        except (TypeError, ValueError) as problem:
            failed = type(outcome).of_exception(problem)
            outcome.state, outcome.error, outcome.log = failed.state, failed.error, failed.log
            outcome.exception = problem
            evaluation.tell_error(outcome.error[0], outcome.error[1], outcome.log)
        outcome.attachments = {}  # they are in the store

    def close(self):
        """Close the store."""
        self._hopt_end()
        if self._handle is not None:
            self._handle.close()
            self._handle = None
