"""Who evaluated what, from when to when.

A thread reads the objectives' log as it grows and holds a pidfd of every objective and its runner,
so the moment of each death is known, and a signal can never hit a later process of the same number.
"""
import os
import select
import signal
import threading
import time

import machine


class Evaluation:
    """One run of the objective."""

    def __init__(self, words):
        self.num, self.attempt, self.lease = (int(word) for word in words[1:4])
        self.pid, self.runner_pid = int(words[4]), int(words[5])
        self.worker = words[6]
        self.start = int(words[7]) / 1e6
        self.end = None  # when it noted that it had a result
        self.loss = None
        self.death = None  # when we saw it
        self.last_alive = None  # and when it was alive for sure: we may be slow in looking
        self.fds = {}  # "objective", "runner": pidfd
        self.shot = None  # what the adversary did to it or its runner: "kill_runner", ...

    def __repr__(self):
        return (
            f"trial {self.num} lease {self.lease} by {self.worker} pid {self.pid} "
            f"{self.start:.3f}..{self.death or self.end or 0:.3f}"
        )


def _pidfd(pid):
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


class Coroner(threading.Thread):
    TICK_S = 0.01

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path = path
        self.lock = threading.Lock()
        self.evaluations = []
        self.ended = set()  # nums whose objective came to a result
        self.bad_lines = []
        self._by_key = {}
        self._by_fd = {}
        self._poll = select.poll()
        self.stalls = []  # (begin, end, the part of it that was lost)
        self._looked = 0.0  # when all registered were looked at
        self._over = threading.Event()
        self._rest = b""

    # ---- for the test ----

    def living(self):
        with self.lock:
            return sorted((e for e in self.evaluations if e.death is None), key=lambda e: e.pid)

    def progress(self):
        with self.lock:
            return len(self.ended)

    def send(self, evaluation, role, signum):
        """Whether the signal reached the `role` ("objective" or "runner") of an evaluation."""
        with self.lock:
            fd = evaluation.fds.get(role)
            if fd is None or evaluation.death is not None:
                return False
            try:
                signal.pidfd_send_signal(fd, signum)
                return True
            except OSError:
                return False

    def finish(self):
        self._over.set()
        self.join()

    # ---- the thread ----

    def _begin(self, words):
        one = Evaluation(words)
        one.fds = {"objective": _pidfd(one.pid), "runner": _pidfd(one.runner_pid)}
        with self.lock:
            self.evaluations.append(one)
            self._by_key.setdefault((one.num, one.lease, one.pid), one)
        if one.fds["objective"] is None:
            self._bury(one)
        else:
            self._by_fd[one.fds["objective"]] = one
            self._poll.register(one.fds["objective"], select.POLLIN)

    def _bury(self, one):
        with self.lock:
            one.death = time.monotonic()
            one.last_alive = max(one.start, self._looked)
            for fd in one.fds.values():
                if fd is not None:
                    os.close(fd)
            one.fds = {}

    def _line(self, line):
        words = line.decode("ascii", "replace").split(" ")
        try:
            if words[0] == "S" and len(words) == 8:
                self._begin(words)
                return
            if words[0] == "E" and len(words) == 7:
                one = self._by_key[int(words[1]), int(words[2]), int(words[3])]
                with self.lock:
                    one.end, one.loss = int(words[5]) / 1e6, float(words[6])
                    self.ended.add(one.num)
                return
        except (ValueError, KeyError):
            pass
        self.bad_lines.append(line)

    def _read(self, file):
        data = self._rest + file.read()
        *lines, self._rest = data.split(b"\n")
        for line in lines:
            self._line(line)

    def run(self):
        with open(self.path, "ab+", buffering=0) as file:
            file.seek(0)
            while not self._over.is_set():
                self._read(file)
                dead = self._poll.poll(self.TICK_S * 1000)
                looked = time.monotonic()
                part = machine.lost(looked - self._looked) if self._looked else 0
                if part > 0:
                    self.stalls.append((self._looked, looked, part))
                for fd, _ in dead:
                    self._poll.unregister(fd)
                    self._bury(self._by_fd.pop(fd))
                self._looked = looked
                self._over.wait(self.TICK_S)
            self._read(file)
