"""The programs under test: 2 masters and 8 workers, each a seat that is filled again when its
process is gone. Everything is started, signalled and reaped by the main thread."""
import os
import signal
import subprocess
import time

import machine

DEATH_S = 1.0  # how long what a worker started may outlive it
REFUSED = 3  # exit code of a program that can't reach the store at its start


def descendants(pid):
    """(pid, start time) of everything below a process."""
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        try:
            with open(f"/proc/{one}/task/{one}/children") as file:
                children = [int(word) for word in file.read().split()]
        except OSError:
            continue
        found += [(child, start_time(child)) for child in children]
        todo += children
    return found


def start_time(pid):
    """Field 22 of its stat; None for one that is gone or dead."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rsplit(") ", 1)[1].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def still_there(processes):
    return [pid for pid, began in processes if began and start_time(pid) == began]


def name_of(pid):
    try:
        with open(f"/proc/{pid}/comm") as file:
            return file.read().strip()
    except OSError:
        return "gone"


class Seat:
    """A worker or master: the process that fills it now, and the history of all that did."""

    def __init__(self, role, index, command, env, folder):
        self.role, self.index = role, index
        self.command, self.env, self.folder = command, env, folder
        self.process = None
        self.runs = 0
        self.name = ""
        self.again_at = 0.0
        self.stopped_at = None
        self.leaving = False
        self.stops = []  # (name, from, to)
        self.deaths = {}  # name: when

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def start(self, env):
        self.runs += 1
        self.name = f"{self.role[0]}{self.index}.{self.runs}"
        self.leaving = False
        log = os.path.join(self.folder, f"{self.role}-{self.name}.log")
        with open(log, "ab") as out:
            self.process = subprocess.Popen(
                # Should the test itself be killed, nothing of it stays.
                ["setpriv", "--pdeathsig", "KILL", *self.command],
                env=dict(self.env, CHAOS_WORKER=self.name, **env),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=self.folder,
            )

    def signal(self, signum):
        self.process.send_signal(signum)

    def stop(self):
        self.signal(signal.SIGSTOP)
        self.stopped_at = time.monotonic()

    def cont(self, name):
        """Go on, unless another process has the seat by now."""
        if self.stopped_at is None or self.name != name:
            return
        self.stops.append((name, self.stopped_at, time.monotonic()))
        self.stopped_at = None
        if self.alive():
            self.signal(signal.SIGCONT)

    def buried(self):
        """It is dead and reaped: note it."""
        now = time.monotonic()
        self.deaths[self.name] = now
        if self.stopped_at is not None:
            self.stops.append((self.name, self.stopped_at, now))
            self.stopped_at = None
        self.process = None


class Fleet:
    def __init__(self, seats, clocks):
        self.seats = seats
        self.clocks = clocks  # [{environment}, ...]: taken in turn at each start
        self.starts = 0
        self.watches = []  # [when it was killed, who, its descendants, last look, time to die that it had]
        self.slowest_death = 0.0
        self.refused = []  # when a start failed because the store was away
        self.violations = []

    def role(self, role):
        return [seat for seat in self.seats if seat.role == role]

    def pick(self, role, pick):
        """One of the living that stand not still, or None."""
        able = [s for s in self.role(role) if s.alive() and s.stopped_at is None and not s.leaving]
        return able[pick % len(able)] if able else None

    def kill(self, seat, again):
        """kill -9, and note what must die with it."""
        below = descendants(seat.process.pid)
        now = time.monotonic()
        seat.signal(signal.SIGKILL)
        seat.process.wait()
        seat.buried()
        seat.again_at = now + again
        if seat.role == "worker":
            self.watches.append([now, seat.name, below, now, 0.0])

    def _look(self, now):
        """Whether what the killed left behind is gone."""
        for watch in list(self.watches):
            died, name, below, looked, had = watch
            watch[3:] = now, had + (now - looked) * (1 - machine.lost(now - looked))
            left = still_there(below)
            if not left:
                self.slowest_death = max(self.slowest_death, now - died)
            elif watch[4] < DEATH_S:
                continue
            else:
                named = ", ".join(f"{pid} {name_of(pid)}" for pid in left)
                self.violations.append(f"{len(left)} of {name}'s processes outlive it: {named}")
            self.watches.remove(watch)

    def _ended(self, seat, now, away):
        code = seat.process.returncode
        seat.buried()
        seat.again_at = now + 0.3
        if code == REFUSED and away:
            self.refused.append(now)
        elif not (seat.leaving and code in (0, -signal.SIGTERM)):  # told before it could listen
            self.violations.append(f"{seat.name} left by itself, exit code {code}")

    def tend(self, away, refill=True):
        """Reap and start again. `away`: the store is or was just out of reach."""
        now = time.monotonic()
        self._look(now)
        for seat in self.seats:
            if seat.process is not None and seat.process.poll() is not None:
                self._ended(seat, now, away)
            if seat.process is None and refill and now >= seat.again_at:
                seat.start(self.clocks[self.starts % len(self.clocks)])
                self.starts += 1

    def full(self):
        return all(seat.alive() for seat in self.seats)

    def end(self):
        """kill -9 of all that is left."""
        for seat in self.seats:
            if seat.process is not None:
                seat.process.kill()
                seat.process.wait()
