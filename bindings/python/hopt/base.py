"""Trials, Domain and Ctrl, with hyperopt's names, documents and meaning.

A trial is a document (a dict):

    {"tid": 7, "state": 2, "spec": None, "owner": None, "version": 0, "exp_key": None,
     "book_time": datetime, "refresh_time": datetime,
     "result": {"status": "ok", "loss": 0.25, ...what else the objective returned...},
     "misc": {"tid": 7, "cmd": (...), "workdir": None,
              "idxs": {label: [7] or []}, "vals": {label: [value] or []}}}

hyperopt's own code for such documents, plots among it, works on these.
"""
import datetime
import logging
import numbers

from ._space import Space
from .exceptions import AllTrialsFailed, InvalidLoss, InvalidResultStatus, InvalidTrial
from .pyll.base import GarbageCollected, as_apply, dfs, np, rec_eval

logger = logging.getLogger(__name__)

STATUS_STRINGS = ("new", "running", "suspended", "ok", "fail")
STATUS_NEW, STATUS_RUNNING, STATUS_SUSPENDED, STATUS_OK, STATUS_FAIL = STATUS_STRINGS

JOB_STATES = list(range(5))
JOB_STATE_NEW, JOB_STATE_RUNNING, JOB_STATE_DONE, JOB_STATE_ERROR, JOB_STATE_CANCEL = JOB_STATES
JOB_VALID_STATES = {JOB_STATE_NEW, JOB_STATE_RUNNING, JOB_STATE_DONE}

TRIAL_KEYS = ["tid", "spec", "result", "misc", "state", "owner", "book_time", "refresh_time",
              "exp_key"]
TRIAL_MISC_KEYS = ["tid", "cmd", "idxs", "vals"]


def coarse_utcnow():
    """The time in UTC, to the millisecond, as MongoDB keeps it."""
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def is_nan(value):
    return value != value


def validate_timeout(timeout):
    if timeout is not None and (not isinstance(timeout, numbers.Number) or timeout <= 0
                                or isinstance(timeout, bool)):
        raise Exception("The timeout argument should be None or a positive value. "
                        "Given value: %s" % timeout)


def validate_loss_threshold(loss_threshold):
    if loss_threshold is not None and (not isinstance(loss_threshold, numbers.Number)
                                       or isinstance(loss_threshold, bool)):
        raise Exception("The loss_threshold argument should be None or a numeric value. "
                        "Given value: %s" % loss_threshold)


# ---- documents ----


def miscs_update_idxs_vals(miscs, idxs, vals, assert_all_vals_used=True, idxs_map=None):
    """Set "idxs" and "vals" of documents' miscs from {label: [tid, ...]} and {label: [value, ...]}."""
    assert set(idxs) == set(vals)
    by_tid = {misc["tid"]: misc for misc in miscs}
    for misc in miscs:
        misc["idxs"] = {label: [] for label in idxs}
        misc["vals"] = {label: [] for label in idxs}
    for label in idxs:
        assert len(idxs[label]) == len(vals[label])
        for tid, value in zip(idxs[label], vals[label]):
            tid = (idxs_map or {}).get(tid, tid)
            if assert_all_vals_used or tid in by_tid:
                by_tid[tid]["idxs"][label] = [tid]
                by_tid[tid]["vals"][label] = [value]
    return miscs


def miscs_to_idxs_vals(miscs, keys=None):
    """The other way: ({label: [tid, ...]}, {label: [value, ...]})."""
    if keys is None:
        if not miscs:
            raise ValueError("cannot infer keys from empty miscs")
        keys = list(miscs[0]["idxs"])
    idxs, vals = {key: [] for key in keys}, {key: [] for key in keys}
    for misc in miscs:
        for key in idxs:
            idxs[key].extend(misc["idxs"][key])
            vals[key].extend(misc["vals"][key])
    return idxs, vals


def spec_from_misc(misc):
    """{label: value} of a document's misc, active parameters only."""
    spec = {}
    for label, value in misc["vals"].items():
        if len(value) > 1:
            raise NotImplementedError("multiple values", (label, value))
        if len(value) == 1:
            spec[label] = value[0]
    return spec


def pmin_sampled(mean, var, n_samples=1000, rng=None):
    """The probability of each of some normal variables to be the least of them."""
    rng = np.random.default_rng(232342) if rng is None else rng
    samples = rng.standard_normal((n_samples, len(mean))) * np.sqrt(var) + mean
    wins = (samples.T == samples.min(axis=1)).T
    return wins.sum(axis=0).astype("float64") / wins.sum()


class TrialAttachments:
    """attachments[name] of one trial."""

    def __init__(self, trials, trial):
        self._trials, self._trial = trials, trial

    def _key(self, name):
        return self._trials.aname(self._trial, name)

    def __contains__(self, name):
        return self._key(name) in self._trials.attachments

    def __getitem__(self, name):
        return self._trials.attachments[self._key(name)]

    def __setitem__(self, name, value):
        self._trials.attachments[self._key(name)] = value

    def __delitem__(self, name):
        del self._trials.attachments[self._key(name)]

    def __iter__(self):
        start = self._key("")
        return iter([key[len(start):] for key in self._trials.attachments if key.startswith(start)])

    def __len__(self):
        return len(list(iter(self)))


class Trials:
    """The trials of an experiment, in memory.

    fmin adds to it; give the same object again, or one that was pickled, and fmin goes on. For trials
    in a store (a SQLite file or MongoDB) see hopt.StoreTrials, which Trials(store=...) makes.
    """

    asynchronous = False

    def __new__(cls, *args, store=None, **kwargs):
        if store is not None and cls is Trials:
            from .store import StoreTrials

            return object.__new__(StoreTrials)
        return object.__new__(cls)

    def __init__(self, exp_key=None, refresh=True):
        self._ids = set()
        self._n_known = 0  # of _dynamic_trials, those whose tids are in _ids
        self._dynamic_trials = []
        self._exp_key = exp_key
        self.attachments = {}
        self._trials = []
        if refresh:
            self.refresh()

    def view(self, exp_key=None, refresh=True):
        """Another Trials over the same documents, those of `exp_key`."""
        other = object.__new__(self.__class__)
        other.__dict__.update(self.__dict__)
        other._exp_key = exp_key
        other._trials = []
        if refresh:
            other.refresh()
        return other

    def aname(self, trial, name):
        return "ATTACH::{}::{}".format(trial["tid"], name)

    def trial_attachments(self, trial):
        """The attachments of a trial: read, set and delete by name."""
        return TrialAttachments(self, trial)

    def __iter__(self):
        return iter(self._trials)

    def __len__(self):
        return len(self._trials)

    def __getitem__(self, item):
        raise NotImplementedError("use trials.trials[i]")

    def refresh(self):
        """Let the properties show what was inserted and changed."""
        self._trials = [trial for trial in self._dynamic_trials
                        if trial["state"] in JOB_VALID_STATES
                        and (self._exp_key is None or trial["exp_key"] == self._exp_key)]
        # Few are new since the last time.
        new = self._dynamic_trials[self._n_known:]
        self._ids.update([trial["tid"] for trial in new])
        self._n_known += len(new)

    @property
    def trials(self):
        return self._trials

    @property
    def tids(self):
        return [trial["tid"] for trial in self._trials]

    @property
    def specs(self):
        return [trial["spec"] for trial in self._trials]

    @property
    def results(self):
        return [trial["result"] for trial in self._trials]

    @property
    def miscs(self):
        return [trial["misc"] for trial in self._trials]

    @property
    def idxs_vals(self):
        return miscs_to_idxs_vals(self.miscs)

    @property
    def idxs(self):
        return self.idxs_vals[0]

    @property
    def vals(self):
        return self.idxs_vals[1]

    # Insert.

    def assert_valid_trial(self, trial):
        """The document itself, where nothing is missing and it belongs here."""
        wrong = self._wrong_with(trial)
        if wrong:
            raise InvalidTrial("a trial " + wrong + ":", trial)
        return trial

    def _wrong_with(self, trial):
        if not all(hasattr(trial, method) for method in ("keys", "values")):
            return "is a dict"
        missing = [key for key in TRIAL_KEYS if key not in trial]
        if not missing:
            missing = ["misc.%s" % key for key in TRIAL_MISC_KEYS if key not in trial["misc"]]
        if missing:
            return "has also " + ", ".join(missing)
        if trial["misc"]["tid"] != trial["tid"]:
            return "has one tid, the same in its misc"
        return None if trial["exp_key"] == self._exp_key else "has exp_key %r here" % (self._exp_key,)

    def _insert_trial_docs(self, docs):
        self._dynamic_trials.extend(docs)
        return [doc["tid"] for doc in docs]

    def insert_trial_doc(self, doc):
        """Insert one after checking it; refresh() shows it."""
        return self._insert_trial_docs([self.assert_valid_trial(doc)])[0]

    def insert_trial_docs(self, docs):
        return self._insert_trial_docs([self.assert_valid_trial(doc) for doc in docs])

    def new_trial_ids(self, n):
        first = len(self._ids)
        ids = list(range(first, first + n))
        self._ids.update(ids)
        return ids

    def new_trial_docs(self, tids, specs, results, miscs):
        assert len(tids) == len(specs) == len(results) == len(miscs)
        return [{"state": JOB_STATE_NEW, "tid": tid, "spec": spec, "result": result, "misc": misc,
                 "exp_key": self._exp_key, "owner": None, "version": 0, "book_time": None,
                 "refresh_time": None}
                for tid, spec, result, misc in zip(tids, specs, results, miscs)]

    def source_trial_docs(self, tids, specs, results, miscs, sources):
        """New documents that come from other trials (`sources`)."""
        docs = []
        for tid, spec, result, misc, source in zip(tids, specs, results, miscs, sources):
            doc = {key: source[key] for key in
                   ("state", "exp_key", "owner", "book_time", "refresh_time")}
            doc.update(version=0, tid=tid, spec=spec, result=result, misc=misc)
            for key, value in ("tid", tid), ("cmd", None), ("from_tid", source["tid"]):
                assert misc.setdefault(key, value) == value
            docs.append(doc)
        return docs

    def delete_all(self):
        self._dynamic_trials = []
        self._n_known = 0
        self.attachments = {}
        self.refresh()

    # Look.

    def count_by_state_synced(self, arg, trials=None):
        """How many trials are in a state, or in one of some states."""
        states = {arg} if arg in JOB_STATES else set(arg)
        assert all(state in JOB_STATES for state in states)
        return sum(doc["state"] in states for doc in (self._trials if trials is None else trials))

    def count_by_state_unsynced(self, arg):
        """The same, as it would be after refresh(); ERROR and CANCEL are counted too."""
        return self.count_by_state_synced(arg, trials=[
            trial for trial in self._dynamic_trials
            if self._exp_key is None or trial["exp_key"] == self._exp_key])

    def losses(self, bandit=None):
        if bandit is None:
            return [result.get("loss") for result in self.results]
        return list(map(bandit.loss, self.results, self.specs))

    def statuses(self, bandit=None):
        if bandit is None:
            return [result.get("status") for result in self.results]
        return list(map(bandit.status, self.results, self.specs))

    def average_best_error(self, bandit=None):
        """The true loss of the best trial; where losses have a variance, the mean of the true losses
        weighted by each trial's probability to be the best."""
        of = bandit or Domain
        ok = [result for result in self.results if result["status"] == STATUS_OK]
        rows = sorted((float(of.loss(r)), float(of.loss_variance(r)), float(of.true_loss(r)))
                      for r in ok)
        if not rows:
            raise ValueError("Empty loss vector")
        if all(variance == 0 for _, variance, _ in rows):
            return rows[0][2]
        limit = rows[0][0] + 3 * rows[0][1] ** 0.5
        near = np.asarray([row for row in rows if row[0] < limit])
        return (pmin_sampled(near[:, 0], near[:, 1]) * near[:, 2]).sum()

    @property
    def best_trial(self):
        """The trial of the lowest loss, status ok; the first of equal ones."""
        candidates = [trial for trial in self.trials if trial["result"]["status"] == STATUS_OK
                      and not is_nan(trial["result"]["loss"])]
        if not candidates:
            raise AllTrialsFailed
        return min(candidates, key=lambda trial: float(trial["result"]["loss"]))

    @property
    def argmin(self):
        """{label: value} of the best trial; a choice's value is the index of its option."""
        return {label: value[0] for label, value in self.best_trial["misc"]["vals"].items() if value}

    # What fmin calls. A subclass with trials elsewhere, or evaluated elsewhere, overrides these:
    # see hopt.executors.

    def _hopt_executor(self, domain, parallelism, backend):
        """Who evaluates: None for what fmin's `parallelism` says."""
        return None

    def _hopt_begin(self, domain, algo, rstate):
        """fmin begins."""

    def _hopt_end(self):
        """fmin ends, however it does."""

    def _hopt_count(self):
        """How many trials count to max_evals already."""
        return len(self._trials)

    def _hopt_wants(self, total):
        """Whether there are fewer trials than `total`, others' too; asked before each proposal."""
        return True

    def _hopt_points(self, points, domain):
        """Insert trials at [{label: value}, ...]."""
        from .fmin import point_doc

        tids = self.new_trial_ids(len(points))
        self.insert_trial_docs([point_doc(tid, point, domain, self)
                                for tid, point in zip(tids, points)])

    def _hopt_queue(self):
        """The trials that are to be evaluated before new ones are proposed."""
        return [trial for trial in self._dynamic_trials if trial["state"] == JOB_STATE_NEW]

    def _hopt_propose(self, algo, domain, n, rstate):
        """Documents of up to n new trials, not inserted; none: the algorithm stops."""
        ids = self.new_trial_ids(n)
        return algo(ids, domain, self, rstate.draw())

    def _hopt_started(self, trial):
        trial["state"] = JOB_STATE_RUNNING
        trial["book_time"] = trial["refresh_time"] = coarse_utcnow()

    def _hopt_ended(self, trial, outcome):
        """Write an outcome (hopt._evaluate.Outcome) into its trial."""
        trial["refresh_time"] = coarse_utcnow()
        trial["state"] = outcome.state
        if outcome.state == JOB_STATE_DONE:
            trial["result"] = outcome.result
        else:
            trial["misc"]["error"] = outcome.error
            if outcome.log:
                trial["misc"]["log"] = outcome.log
        for name, value in outcome.attachments.items():
            self.trial_attachments(trial)[name] = value

    def fmin(self, fn, space, algo=None, max_evals=None, timeout=None, loss_threshold=None,
             max_queue_len=1, rstate=None, verbose=False, pass_expr_memo_ctrl=None,
             catch_eval_exceptions=False, return_argmin=True, show_progressbar=True,
             early_stop_fn=None, trials_save_file="", **more):
        """hopt.fmin(..., trials=self)."""
        from .fmin import fmin

        return fmin(fn, space, algo=algo, max_evals=max_evals, timeout=timeout,
                    loss_threshold=loss_threshold, trials=self, rstate=rstate, verbose=verbose,
                    max_queue_len=max_queue_len, allow_trials_fmin=False,
                    pass_expr_memo_ctrl=pass_expr_memo_ctrl,
                    catch_eval_exceptions=catch_eval_exceptions, return_argmin=return_argmin,
                    show_progressbar=show_progressbar, early_stop_fn=early_stop_fn,
                    trials_save_file=trials_save_file, **more)


def trials_from_docs(docs, validate=True, **kwargs):
    """Trials of the documents."""
    trials = Trials(**kwargs)
    if validate:
        trials.insert_trial_docs(docs)
    else:
        trials._insert_trial_docs(docs)
    trials.refresh()
    return trials


class Ctrl:
    """What an objective that asked for it (fmin_pass_expr_memo_ctrl) has of its trial."""

    debug, info, warn, error = logger.debug, logger.info, logger.warning, logger.error

    def __init__(self, trials, current_trial=None):
        self.trials = Trials() if trials is None else trials
        self.current_trial = current_trial

    def checkpoint(self, r=None):
        """Set the trial's result so far."""
        if r is not None:
            self.current_trial["result"] = r

    @property
    def attachments(self):
        return self.trials.trial_attachments(trial=self.current_trial)

    def inject_results(self, specs, results, miscs, new_tids=None):
        """Add ended trials that came out of this one."""
        if new_tids is None:
            new_tids = self.trials.new_trial_ids(len(specs))
        docs = self.trials.source_trial_docs(tids=new_tids, specs=specs, results=results, miscs=miscs,
                                             sources=[self.current_trial] * len(specs))
        for doc in docs:
            doc["state"] = JOB_STATE_DONE
        return self.trials.insert_trial_docs(docs)


class Domain:
    """An objective and its space."""

    def __init__(self, fn, expr, workdir=None, pass_expr_memo_ctrl=None, name=None,
                 loss_target=None):
        self.fn = fn
        self.expr = as_apply(expr)
        self.pass_expr_memo_ctrl = (getattr(fn, "fmin_pass_expr_memo_ctrl", False)
                                    if pass_expr_memo_ctrl is None else pass_expr_memo_ctrl)
        self.space = Space(self.expr)
        self.params = {label: parameter.node for label, parameter in self.space.parameters.items()}
        self._ctrl_nodes = [node for node in dfs(self.expr)
                            if node.name == "literal" and node.obj is Ctrl]
        self.workdir = workdir
        self.name = name
        self.loss_target = loss_target
        self.cmd = ("domain_attachment", "FMinIter_Domain")

    def memo_from_config(self, config):
        """The parameters' nodes with their values, of {label: value}."""
        return {node: config.get(label, GarbageCollected) for label, node in self.params.items()}

    def evaluate(self, config, ctrl, attach_attachments=True):
        """The objective's result at {label: value}, as a dict with "status"."""
        memo = self.memo_from_config(config)
        memo.update((node, ctrl) for node in self._ctrl_nodes)
        if self.pass_expr_memo_ctrl:
            value = self.fn(expr=self.expr, memo=memo, ctrl=ctrl)
        else:
            value = self.fn(rec_eval(self.expr, memo=memo))
        result = checked_result(value)
        if attach_attachments:
            for name, attachment in result.pop("attachments", {}).items():
                ctrl.attachments[name] = attachment
        return result

    def short_str(self):
        return "Domain{%s}" % self.fn

    def new_result(self):
        return {"status": STATUS_NEW}

    @staticmethod
    def loss(result, config=None):
        return result.get("loss")

    @staticmethod
    def loss_variance(result, config=None):
        return result.get("loss_variance", 0.0)

    @staticmethod
    def true_loss(result, config=None):
        return result["true_loss"] if "true_loss" in result else result.get("loss")

    @staticmethod
    def status(result, config=None):
        return result["status"]


def checked_result(value):
    """What an objective returned, as a dict: a bare number is a loss."""
    number = (float, int) if np is None else (float, int, np.number)
    if isinstance(value, number):
        return {"loss": float(value), "status": STATUS_OK}
    result = dict(value)
    if result["status"] not in STATUS_STRINGS:
        raise InvalidResultStatus(result)
    if result["status"] == STATUS_OK:
        try:
            result["loss"] = float(result["loss"])
        except (TypeError, KeyError):
            raise InvalidLoss(result) from None
    return result
