"""Does what the schedule says, and undoes it when its time is over."""
import collections
import errno
import heapq
import json
import os
import signal
import sqlite3
import subprocess
import threading
import time

Trouble = collections.namedtuple("Trouble", "who kind begin end")  # who: a worker's name, or "*"


class Server:
    """mongo.sh, one command at a time, in the background."""

    def __init__(self, script):
        self.script = script
        self.queue = collections.deque()
        self.process = None
        self.ours = True
        self.failures = []

    def order(self, command, not_before, then=None):
        self.queue.append((command, not_before, then))

    def busy(self):
        return self.process is not None or bool(self.queue)

    def tend(self, now):
        if self.process is not None:
            code = self.process.poll()
            if code is None:
                return
            command, _, then = self.queue.popleft()
            self.process = None
            if code == 77:
                self.ours = False
            elif code != 0:
                self.failures.append(f"mongo.sh {command}: exit {code}")
            if then:
                then(now)
        if self.queue and now >= self.queue[0][1]:
            self.process = subprocess.Popen(
                [self.script, self.queue[0][0]],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip


class Adversary:
    def __init__(self, fleet, coroner, say, sqlite_path=None, disk=None, server=None, proxy=None):
        self.fleet, self.coroner, self.say = fleet, coroner, say
        self.sqlite_path, self.disk = sqlite_path, disk
        self.server, self.proxy = server, proxy
        self.undo = []  # heap of (when, order, function)
        self.orders = 0
        self.troubles = []  # over
        self.open_troubles = {}  # key: (who, kind, begin)
        self.hits = collections.Counter()
        self.misses = collections.Counter()
        self.threads = []

    # ---- what is wrong when ----

    def _trouble(self, key, who, kind):
        self.open_troubles.setdefault(key, (who, kind, time.monotonic()))

    def _over(self, key):
        if key in self.open_troubles:
            self.troubles.append(Trouble(*self.open_troubles.pop(key), time.monotonic()))

    def away(self, within=20):
        """Whether the store was out of somebody's reach in the last seconds."""
        now = time.monotonic()
        return bool(self.open_troubles) or any(now - t.end < within for t in self.troubles)

    # ---- the agenda of undoing ----

    def _later(self, seconds, function):
        self.orders += 1
        heapq.heappush(self.undo, (time.monotonic() + seconds, self.orders, function))

    def tend(self, all_now=False):
        while self.undo and (all_now or self.undo[0][0] <= time.monotonic()):
            heapq.heappop(self.undo)[2]()
        if self.server:
            self.server.tend(time.monotonic())

    def quiet(self):
        """Whether everything is undone."""
        busy = self.server and self.server.busy()
        return not self.undo and not busy and not any(t.is_alive() for t in self.threads)

    # ---- events ----

    def do(self, event):
        group, _, what = event.kind.partition("_")
        done = getattr(self, f"_{group}" if group == "net" else f"_{event.kind}")(event, what)
        (self.hits if done else self.misses)[event.kind] += 1
        self.say(f"event {event.index} {event.kind}: {done or 'nobody to hit'}")

    def _kill_worker(self, event, what):
        seat = self.fleet.pick("worker", event.pick)
        if seat is None:
            return None
        name = seat.name
        self.fleet.kill(seat, event.extra["again"])
        return name

    def _kill_master(self, event, what):
        seat = self.fleet.pick("master", event.pick)
        if seat is None:
            return None
        name = seat.name
        self.fleet.kill(seat, event.extra["again"])
        return name

    def _evaluation(self, event, role, signum):
        living = self.coroner.living()
        for i in range(len(living)):
            one = living[(event.pick + i) % len(living)]
            if self.coroner.send(one, role, signum):
                return one
        return None

    def _kill_runner(self, event, what):
        one = self._evaluation(event, "runner", signal.SIGKILL)
        if one:
            one.shot = ("kill_runner", time.monotonic())
        return one

    def _kill_objective(self, event, what):
        one = self._evaluation(event, "objective", signal.SIGKILL)
        if one:
            one.shot = ("kill_objective", time.monotonic())
        return one

    def _stop_runner(self, event, what):
        one = self._evaluation(event, "runner", signal.SIGSTOP)
        if one:
            fd = os.dup(one.fds["runner"]) if one.fds.get("runner") is not None else None

            def go_on():
                if fd is not None:
                    try:
                        signal.pidfd_send_signal(fd, signal.SIGCONT)
                    except OSError:
                        pass
                    os.close(fd)

            self._later(event.lasts, go_on)
        return one

    def _stop(self, role, event):
        seat = self.fleet.pick(role, event.pick)
        if seat is None:
            return None
        name = seat.name
        seat.stop()
        self._later(event.lasts, lambda: seat.cont(name))
        return f"{name} for {event.lasts:.1f} s"

    def _stop_worker(self, event, what):
        return self._stop("worker", event)

    def _stop_master(self, event, what):
        return self._stop("master", event)

    def _term_worker(self, event, what):
        seat = self.fleet.pick("worker", event.pick)
        if seat is None:
            return None
        seat.leaving = True
        seat.signal(signal.SIGTERM)
        return seat.name

    # ---- SQLite ----

    def _lock_store(self, event, what):
        key = ("lock", event.index)

        def hold():
            base = sqlite3.connect(self.sqlite_path, timeout=10, isolation_level=None)
            try:
                base.execute("BEGIN EXCLUSIVE")
                time.sleep(event.lasts)
                base.execute("ROLLBACK")
            except sqlite3.OperationalError as error:
                self.say(f"lock_store: {error}")
            base.close()
            self._over(key)

        self._trouble(key, "*", event.kind)
        thread = threading.Thread(target=hold, daemon=True)
        self.threads.append(thread)
        thread.start()
        return f"for {event.lasts:.1f} s"

    def _fill_disk(self, event, what):
        path, key = os.path.join(self.disk, f"filler.{event.index}"), ("full", event.index)
        self._trouble(key, "*", event.kind)
        with open(path, "wb") as file:
            size, step = 0, 1 << 26
            while step >= 4096:
                try:
                    os.posix_fallocate(file.fileno(), size, step)
                    size += step
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    step //= 2

        def empty():
            os.unlink(path)
            self._over(key)

        self._later(event.lasts, empty)
        return f"for {event.lasts:.1f} s, {size >> 20} MB"

    # ---- MongoDB ----

    def _kill_server(self, event, kill, restart):
        key = (kill, event.index)
        if not self.server.ours:
            return None
        self._trouble(key, "*", event.kind)
        self.server.order(kill, 0)
        self.server.order(
            restart, time.monotonic() + event.lasts, lambda now: self._over(key)
        )
        return f"for {event.lasts:.1f} s"

    def _kill_gateway(self, event, what):
        return self._kill_server(event, "kill-server", "restart-server")

    def _kill_database(self, event, what):
        return self._kill_server(event, "kill-database", "restart-database")

    def _net(self, event, what):
        """A toxic on one link, on every tenth occasion on all of them."""
        every = event.pick % 10 == 0
        seat = self.fleet.seats[event.pick // 10 % len(self.fleet.seats)]
        link = -1 if every else self.fleet.seats.index(seat)
        key = ("net", event.index)
        self._order(dict(event.extra, link=link))
        self._trouble(key, "*" if every else seat, event.kind)

        def heal():
            self._order({"toxic": "heal", "link": link})
            self._over(key)

        self._later(event.lasts, heal)
        return f"{'all links' if every else seat.name} {event.extra} for {event.lasts:.1f} s"

    def _order(self, order):
        self.proxy.stdin.write(json.dumps(order) + "\n")
        self.proxy.stdin.flush()
