"""SparkTrials: fmin proposes here, a Spark cluster evaluates.

    trials = hopt.SparkTrials(parallelism=32)
    best = hopt.fmin(objective, space, algo=hopt.tpe.suggest, max_evals=1000, trials=trials)

hyperopt's class of that name, with the same arguments. Each trial is a Spark job of one task, so Spark's
page shows them one by one, and Spark itself evaluates a trial again whose executor is lost. Other than
there, parallelism has no cap, timeouts stop the objectives that run, and attachments come back.

The objective and the space are pickled by pyspark's cloudpickle; this package is sent to the executors, and
what it imports (numpy) has to be there. libhopt is needed in the driver only.
"""
import atexit
import logging
import os
import pickle
import queue
import shutil
import tempfile
import time
import uuid
import zipfile

from ._evaluate import Outcome, evaluate_remote, packed
from .base import (JOB_STATE_CANCEL, JOB_STATE_DONE, JOB_STATE_ERROR, Trials, spec_from_misc,
                   validate_loss_threshold, validate_timeout)

logger = logging.getLogger(__name__)

CANCEL_SECONDS = 30  # for Spark to say that its jobs are cancelled
# As hyperopt words them.
CANCELLED_REASONS = {"timeout": "fmin run timeout", "early_stop": "early stopping condition",
                     "KeyboardInterrupt": "fmin run cancelled by user"}


# ---- in an executor ----

_domains = {}  # of this Python process, by broadcast: it serves many trials


def _domain_of(broadcast, key):
    if key not in _domains:
        _domains.clear()
        _domains[key] = pickle.loads(broadcast.value)
    return _domains[key]


def _evaluate_there(broadcast, key, point, doc):
    """An outcome as bytes."""
    from pyspark import cloudpickle

    try:
        outcome = evaluate_remote(_domain_of(broadcast, key), point, doc)
    except BaseException as exception:  # SystemExit, or a domain that can't be read there
        outcome = Outcome.of_exception(exception)
    return packed(outcome, dumps=cloudpickle.dumps)


# ---- in the driver ----


def _ship_package(context):
    """Send this package to the executors, once for each context."""
    if getattr(context, "_hopt_shipped", False):
        return
    folder = tempfile.mkdtemp(prefix="hopt-spark-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)  # Spark serves it from there
    path = os.path.join(folder, "hopt-python.zip")
    package = os.path.dirname(os.path.abspath(__file__))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, folders, files in os.walk(package):
            folders[:] = [name for name in folders if name != "__pycache__"]
            for name in files:
                if name.endswith(".py"):
                    whole = os.path.join(place, name)
                    archive.write(whole, os.path.join("hopt", os.path.relpath(whole, package)))
    context.addPyFile(path)
    context._hopt_shipped = True


class SparkJobs:
    """The executor (hopt.executors) that evaluates each trial in a Spark job, from a thread of its own,
    since Spark's calls block."""

    cancels = True

    def __init__(self, trials, domain):
        from pyspark import cloudpickle

        self._trials = trials
        self._context = trials._context
        self._group = "hopt-" + uuid.uuid4().hex
        self._interrupt = self._context.getLocalProperty("spark.job.interruptOnCancel") != "false"
        self.slots = trials.parallelism
        _ship_package(self._context)
        self._key = self._group
        self._domain = self._context.broadcast(cloudpickle.dumps(domain))
        self._ended = queue.SimpleQueue()
        self._out = 0
        self._reason = None

    def _rdd(self):
        rdd = self._context.parallelize([0], 1)
        profile = self._trials._resource_profile
        return rdd if profile is None else rdd.withResources(profile)

    def _collect(self, point, doc):
        """What the executor sends."""
        broadcast, key = self._domain, self._key
        # Interrupted, Spark ends the Python that runs the objective; otherwise it only looks away.
        self._context.setJobGroup(self._group, "hopt trial %s" % doc["tid"],
                                  interruptOnCancel=self._interrupt)
        # map, which takes what the partition holds to its end: otherwise Spark ends this Python after
        # the trial, and every trial pays for a new one and its imports.
        return self._rdd().map(lambda _: _evaluate_there(broadcast, key, point, doc)).collect()[0]

    def _run(self, trial, point):
        try:
            outcome = pickle.loads(bytes(self._collect(point, trial)))
        except Exception as exception:  # cancelled, or Spark has given up on the task
            if self._reason is not None:
                outcome = Outcome.cancelled(self._reason)
            else:
                outcome = Outcome(3, error=("Spark", _first_words(exception)), log=str(exception))
        self._ended.put((trial, outcome))

    def start(self, trial, domain, trials):
        from pyspark import InheritableThread

        self._out += 1
        thread = InheritableThread(target=self._run, args=(trial, spec_from_misc(trial["misc"])),
                                   daemon=True)
        thread.start()

    def wait(self, seconds):
        ended = []
        try:
            ended.append(self._ended.get(timeout=seconds))
            while True:
                ended.append(self._ended.get_nowait())
        except queue.Empty:
            self._out -= len(ended)
            return ended

    def cancel(self, reason):
        if reason == "loss_threshold":
            return  # as with hyperopt: what runs may end, and counts
        self._reason = CANCELLED_REASONS.get(reason, reason)
        if reason in CANCELLED_REASONS:
            self._trials._fmin_cancelled_reason = self._reason
            logger.warning("fmin cancelled because of %s", self._reason)
        deadline = time.monotonic() + CANCEL_SECONDS
        # A job that another thread is just about to submit is not in the group yet.
        while self._ended.qsize() < self._out and time.monotonic() < deadline:
            self._context.cancelJobGroup(self._group)
            time.sleep(0.2)

    def close(self):
        try:
            self._domain.unpersist()
        except Exception:
            pass  # the context was stopped


def _first_words(exception):
    """The line of a failed job that says why."""
    lines = [line.strip() for line in str(exception).splitlines() if line.strip()]
    told = [line for line in lines if "Job aborted" in line or "failed" in line]
    return (told or lines or [type(exception).__name__])[0][:500]


class SparkTrials(Trials):
    """Trials that are evaluated by a Spark cluster.

    parallelism       how many at a time, Spark's default parallelism by default; there is no cap, and
                      what the cluster has no room for waits in Spark
    timeout           seconds for the whole of fmin; then what runs is cancelled. It goes before fmin's
    loss_threshold    fmin ends when the best loss is below it; fmin's goes before this
    spark_session     the current one, or a new one, by default
    resource_profile  pyspark.resource.ResourceProfile for each trial

    An objective that raises makes a trial in error, and fmin goes on. An executor that is lost costs
    nothing but time: Spark evaluates its trial again (spark.task.maxFailures times).
    """

    def __init__(self, parallelism=None, timeout=None, loss_threshold=None, spark_session=None,
                 resource_profile=None):
        super().__init__(exp_key=None, refresh=False)
        validate_timeout(timeout)
        validate_loss_threshold(loss_threshold)
        self._session = spark_session
        self._resource_profile = resource_profile
        self.user_specified_parallelism = parallelism
        self.parallelism = self._decide_parallelism(parallelism)
        self.timeout = timeout
        self.loss_threshold = loss_threshold
        self._fmin_cancelled_reason = None
        self.refresh()

    @property
    def _spark(self):
        if self._session is None:
            try:
                from pyspark.sql import SparkSession
            except ImportError as problem:
                raise ImportError("SparkTrials needs pyspark: pip install pyspark (%s)" % problem)
            self._session = SparkSession.builder.getOrCreate()
        return self._session

    @property
    def _context(self):
        return self._spark.sparkContext

    def _decide_parallelism(self, requested):
        default = max(self._context.defaultParallelism, 1)  # also says when there is no pyspark
        if requested is not None and requested > 0:
            return requested
        logger.warning("parallelism was not given or not positive: it is %d, Spark's default "
                       "parallelism", default)
        return default

    def __getstate__(self):
        """Without the session, which stays where it is; a copy takes the current one."""
        state = dict(self.__dict__)
        state["_session"] = state["_resource_profile"] = None
        return state

    def __str__(self):
        return "SparkTrials(trials=%s)" % self.trials

    # As hyperopt has them.

    @property
    def fmin_cancelled_reason(self):
        return self._fmin_cancelled_reason

    @property
    def _fmin_cancelled(self):
        return self._fmin_cancelled_reason is not None

    def count_successful_trials(self):
        return self.count_by_state_unsynced(JOB_STATE_DONE)

    def count_failed_trials(self):
        return self.count_by_state_unsynced(JOB_STATE_ERROR)

    def count_cancelled_trials(self):
        return self.count_by_state_unsynced(JOB_STATE_CANCEL)

    def count_total_trials(self):
        return self.count_by_state_unsynced([JOB_STATE_DONE, JOB_STATE_ERROR, JOB_STATE_CANCEL])

    def delete_all(self):
        super().delete_all()
        self._fmin_cancelled_reason = None

    # What fmin calls.

    def _hopt_executor(self, domain, parallelism, backend):
        return SparkJobs(self, domain)

    def fmin(self, fn, space, timeout=None, loss_threshold=None, catch_eval_exceptions=None, **more):
        """hopt.fmin(..., trials=self)."""
        if self.timeout is not None:
            if timeout is not None:
                logger.warning("Timeout param was defined in Trials object, ignoring fmin definition")
            timeout = self.timeout
        if loss_threshold is None:
            loss_threshold = self.loss_threshold
        self._fmin_cancelled_reason = None
        try:
            return super().fmin(fn, space, timeout=timeout, loss_threshold=loss_threshold,
                                catch_eval_exceptions=True, **more)
        finally:
            logger.info("Total Trials: %d: %d succeeded, %d failed, %d cancelled.",
                        self.count_total_trials(), self.count_successful_trials(),
                        self.count_failed_trials(), self.count_cancelled_trials())
