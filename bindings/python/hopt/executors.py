"""Who evaluates the objective.

fmin proposes trials, hands each to an executor, and takes the outcomes as they come. An executor has

    slots                        how many evaluations it runs at a time, at least 1; may change
    start(trial, domain, trials) begin to evaluate a trial's document; does not block for long
                                 (Serial evaluates right here)
    wait(seconds)                a list of (trial, Outcome) that ended, after at most about that many
                                 seconds; [] when none did. Each started trial comes once
    cancel(reason)               stop what runs, if it can be stopped; whatever is still out comes from
                                 wait() soon, as Outcome.cancelled(reason) or as it ended
    close()                      fmin ends; nothing is out any more, or nobody wants it

A Trials class of one's own chooses it: `_hopt_executor(domain, parallelism, backend)` returns an
executor (None: as fmin's `parallelism` says), and `asynchronous` stays False. Such an executor evaluates
elsewhere with

    hopt._evaluate.evaluate_remote(domain, hopt.spec_from_misc(trial["misc"]), trial)

which gives an Outcome that pickles (hopt._evaluate.packed(outcome) makes bytes of it whatever it holds).
A domain pickles as far as the objective and the space do: cloudpickle also takes lambdas. fmin calls all
of these in one thread. A trial that is lost (its machine died) is to come from wait() as
Outcome(3, error=("lost", "why")), or be started again by the executor.

fmin ends early by `timeout`, `loss_threshold`, `early_stop_fn`: it starts no more trials and waits for
those that run, or, where the executor's `cancels` is true, calls cancel() first. hopt.SparkTrials is an
example, Processes below a shorter one.
"""
import os
import pickle
import queue
import select
import signal
import struct
import sys
import threading
import time

from ._evaluate import Outcome, evaluate, evaluate_remote, packed


def _point(trial):
    from .base import spec_from_misc

    return spec_from_misc(trial["misc"])


def _ctrl(trials, trial):
    from .base import Ctrl

    return Ctrl(trials, current_trial=trial)


class Serial:
    """Here, one after the other."""

    slots = 1
    cancels = False

    def __init__(self):
        self._ended = []

    def start(self, trial, domain, trials):
        self._ended.append((trial, evaluate(domain, _point(trial), _ctrl(trials, trial))))

    def wait(self, seconds):
        ended, self._ended = self._ended, []
        return ended

    def cancel(self, reason):
        pass

    def close(self):
        pass


class Threads:
    """In threads of this process: for objectives that wait, or compute outside of Python's lock."""

    cancels = False

    def __init__(self, slots):
        self.slots = slots
        self._work = queue.SimpleQueue()
        self._ended = queue.SimpleQueue()
        self._threads = 0

    def _serve(self):
        while True:
            task = self._work.get()
            if task is None:
                return
            trial, domain, trials = task
            try:
                outcome = evaluate(domain, _point(trial), _ctrl(trials, trial))
            except BaseException as exception:  # SystemExit: the objective's end, not the program's
                outcome = Outcome.of_exception(exception)
            self._ended.put((trial, outcome))

    def start(self, trial, domain, trials):
        if self._threads < self.slots:
            self._threads += 1
            threading.Thread(target=self._serve, daemon=True, name="hopt-%d" % self._threads).start()
        self._work.put((trial, domain, trials))

    def wait(self, seconds):
        try:
            ended = [self._ended.get(timeout=seconds)]
        except queue.Empty:
            return []
        while True:
            try:
                ended.append(self._ended.get_nowait())
            except queue.Empty:
                return ended

    def cancel(self, reason):
        pass

    def close(self):
        for _ in range(self._threads):
            self._work.put(None)


class Processes:
    """Each evaluation in a child made by fork(): the objective need not be pickled, what it changes in
    memory is gone with the child, and a crash is the trial's error. Results and attachments must be
    picklable. A timeout kills the children."""

    cancels = True

    def __init__(self, slots):
        if not hasattr(os, "fork"):
            raise ValueError("backend='processes' needs fork(), which this system has not")
        self.slots = slots
        self._children = {}  # file descriptor: (pid, trial, what was read)
        self._cancelled = None

    def start(self, trial, domain, trials):
        ours, theirs = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            self._child(theirs, trial, domain)
        os.close(theirs)
        self._children[ours] = (pid, trial, bytearray())

    def _child(self, pipe, trial, domain):
        """The child's life; it never returns."""
        try:
            for other in self._children:
                os.close(other)
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            try:
                outcome = evaluate_remote(domain, _point(trial), trial)
            except BaseException as exception:
                outcome = Outcome.of_exception(exception)
            data = packed(outcome)
            with os.fdopen(pipe, "wb") as out:
                out.write(struct.pack("<Q", len(data)) + data)
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(0)

    def _end(self, descriptor):
        """The outcome of a child that closed its end."""
        pid, trial, data = self._children.pop(descriptor)
        os.close(descriptor)
        _, status = os.waitpid(pid, 0)
        if len(data) >= 8 and len(data) == 8 + struct.unpack_from("<Q", data)[0]:
            return trial, pickle.loads(bytes(data[8:]))
        if self._cancelled is not None:
            return trial, Outcome.cancelled(self._cancelled)
        how = ("killed by signal %d (%s)" % (os.WTERMSIG(status), signal.Signals(
            os.WTERMSIG(status)).name) if os.WIFSIGNALED(status)
            else "ended with exit code %d" % os.WEXITSTATUS(status))
        return trial, Outcome(3, error=("Process", "the objective's process was " + how))

    def wait(self, seconds):
        deadline = time.monotonic() + seconds
        while self._children:
            ended = []
            ready, _, _ = select.select(list(self._children), [], [],
                                        max(0, deadline - time.monotonic()))
            for descriptor in ready:
                data = os.read(descriptor, 1 << 20)
                if data:
                    self._children[descriptor][2].extend(data)
                else:
                    ended.append(self._end(descriptor))
            if ended or not ready:
                return ended
        return []

    def cancel(self, reason):
        self._cancelled = reason
        for pid, _, _ in self._children.values():
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 5
        while self._children and time.monotonic() < deadline:
            ready, _, _ = select.select(list(self._children), [], [], 0.1)
            if len(ready) == len(self._children):
                return  # all have closed their ends
        for pid, _, _ in self._children.values():
            os.kill(pid, signal.SIGKILL)

    def close(self):
        for descriptor, (pid, _, _) in list(self._children.items()):
            os.kill(pid, signal.SIGKILL)
            os.close(descriptor)
            os.waitpid(pid, 0)
        self._children = {}


def make(parallelism, backend):
    """The executor that fmin's arguments ask for."""
    if not isinstance(parallelism, int) or isinstance(parallelism, bool) or parallelism < 1:
        raise ValueError("parallelism must be an integer of at least 1, not %r" % (parallelism,))
    if backend not in (None, "threads", "processes"):
        raise ValueError("backend must be 'threads' or 'processes', not %r" % (backend,))
    if backend == "processes":
        return Processes(parallelism)
    return Threads(parallelism) if parallelism > 1 else Serial()
