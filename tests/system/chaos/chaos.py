#!/usr/bin/env python3
"""The chaos run over one store: chaos.py sqlite|mongo, started by chaos.sh, which gives it a folder
(CHAOS_FOLDER), the programs (HOPT_BIN) and a store (HOPT_STORE).

2 masters and 8 workers with 2 slots each work on a study while the adversary does what a schedule
drawn from CHAOS_SEED says; then everything is put right, the study must come to its end, and the
checker looks at store and logs. Exit 0: nothing was lost.

  CHAOS_SEED     the schedule; a random one is drawn and printed when it is not given
  CHAOS_EVENTS   how many events (60)
  CHAOS_CLOCKS   1: wall clocks of the processes are up to two hours apart (faketime)
  CHAOS_DISK     folder of a small file system that holds the store: the disk can be filled
  CHAOS_AWAY_S   instead of the schedule: the store is away once for so long
"""
import collections
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import fakes  # noqa: E402
import schedule  # noqa: E402
from adversary import Adversary, Server  # noqa: E402
from checker import Checker  # noqa: E402
from coroner import Coroner  # noqa: E402
from fleet import Fleet, Seat  # noqa: E402
from stores import open_store  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
STUDY, LEASE_S, MAX_ATTEMPTS = "chaos", 2, 20
MASTERS, WORKERS, SLOTS = 2, 8, 2
TRIALS, AHEAD, MORE = 100, 40, 60  # at first; raised by MORE when fewer than AHEAD are left
TICK_S = 0.02
DONE_S = 300  # how long the study may take to its end once everything is well: only against hanging


class Run:
    def __init__(self, kind):
        self.kind = kind
        self.folder = os.environ["CHAOS_FOLDER"]
        self.bin_dir = os.environ["HOPT_BIN"]
        self.uri = os.environ["HOPT_STORE"]
        self.count = int(os.environ.get("CHAOS_EVENTS") or 60)
        self.seed = os.environ.get("CHAOS_SEED") or str(random.SystemRandom().randrange(1 << 32))
        self.away_s = float(os.environ.get("CHAOS_AWAY_S") or 0)
        self.clocks_apart = os.environ.get("CHAOS_CLOCKS") == "1"
        self.disk = os.environ.get("CHAOS_DISK")
        self.began = time.monotonic()
        self.study, self.lease_s, self.max_attempts = STUDY, LEASE_S, MAX_ATTEMPTS
        self.max_trials = TRIALS
        self.raising = None  # (process, max_trials)
        self.counting = None  # a process that counts the trials there are
        self.counted, self.last_proposal_ms = 0, None
        self.violations = []
        self.log = open(os.path.join(self.folder, "events.log"), "w", buffering=1)

    # ---- small things ----

    def say(self, text):
        print(f"{time.monotonic() - self.began:8.3f}  {text}", file=self.log)

    def show(self, text):
        self.say(text)
        print(f"{time.monotonic() - self.began:8.1f}  {text}", flush=True)

    def hopt(self, *args):
        return [f"{self.bin_dir}/hopt", *args]

    # ---- set-up ----

    def write_study(self):
        study = {
            "name": STUDY,
            "space": {
                "x": {"_type": "uniform", "_value": [-5, 5]},
                "kind": {"_type": "choice", "_value": ["a", "b"]},
            },
            "objective": {
                "command": [f"{self.bin_dir}/chaos_objective", f"{self.folder}/evaluations", "{x}"]
            },
            "sampler": {"name": "tpe", "seed": 7},
            "stop": {"max_trials": TRIALS},
            "trial": {"lease_s": LEASE_S, "max_attempts": MAX_ATTEMPTS, "retry_errors": True},
        }
        self.study_file = os.path.join(self.folder, "study.json")
        with open(self.study_file, "w") as file:
            json.dump(study, file)
        subprocess.run(self.hopt("study", "create", self.study_file), check=True, timeout=60, stderr=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL)  # fmt: skip

    def start_proxy(self):
        """The programs' links to MongoDB, one each."""
        host, _, rest = self.uri.removeprefix("mongodb://").partition("/")
        self.proxy = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", sys.executable, f"{HERE}/proxy.py", host,
             str(MASTERS + WORKERS)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        ports = json.loads(self.proxy.stdout.readline())
        return [f"mongodb://127.0.0.1:{port}/{rest}" for port in ports]

    def clocks(self):
        if not self.clocks_apart:
            return [{}]
        fake = {"LD_PRELOAD": os.environ["CHAOS_FAKETIME"], "DONT_FAKE_MONOTONIC": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1"}  # fmt: skip
        return [{}, dict(fake, FAKETIME="+3600s"), dict(fake, FAKETIME="-3600s")]

    def set_up(self):
        self.store = open_store(self.kind, self.uri, self.bin_dir)
        self.write_study()
        self.proxy = server = None
        uris = [self.uri] * (MASTERS + WORKERS)
        if self.kind == "mongo":
            uris = self.start_proxy()
            server = Server(os.path.join(HERE, "../../services/mongo.sh"))
        env = {k: v for k, v in os.environ.items() if not k.startswith("CHAOS_")}
        master = [f"{self.bin_dir}/hopt-master", "--poll", "500ms"]
        worker = [f"{self.bin_dir}/hopt-worker", "--allow-root", "--slots", str(SLOTS), "--grace",
                  "1s", "--max-failures", "0", self.study_file]  # fmt: skip
        seats = [
            Seat("master" if i < MASTERS else "worker", i, master if i < MASTERS else worker,
                 dict(env, HOPT_STORE=uris[i]), self.folder)
            for i in range(MASTERS + WORKERS)
        ]  # fmt: skip
        self.fleet = Fleet(seats, self.clocks())
        self.coroner = Coroner(os.path.join(self.folder, "evaluations"))
        self.coroner.start()
        path = self.uri.split(":", 1)[1] if self.kind == "sqlite" else None
        self.adversary = Adversary(
            self.fleet, self.coroner, self.say, path, self.disk, server, self.proxy
        )
        self.pids = {}

    # ---- while it runs ----

    def raise_limit(self):
        """There are always some trials left to do while events last. So the study sometimes comes to
        its end and is opened again."""
        if self.raising:
            process, wanted = self.raising
            if process.poll() is None:
                return
            if process.returncode == 0:
                self.max_trials = wanted
            self.raising = None
        if self.max_trials - self.coroner.progress() < AHEAD:
            wanted = self.max_trials + MORE
            process = subprocess.Popen(
                self.hopt("study", "set", STUDY, f"stop.max_trials={wanted}"),
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )  # fmt: skip
            self.raising = process, wanted

    def count_trials(self):
        """When the last proposal was stored, within a second."""
        if self.counting and self.counting.poll() is None:
            return
        if self.counting and self.counting.returncode == 0:
            count = int(self.counting.stdout.read() or 0)
            if count > self.counted:
                self.counted, self.last_proposal_ms = count, self.counting_since_ms
        if self.counting:
            self.counting.stdout.close()
        self.counting_since_ms, self.counting = time.time() * 1000, None
        self.counting = subprocess.Popen(
            self.store.count_command(STUDY), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def tend(self, raising, refill=True):
        self.adversary.tend()
        self.fleet.tend(self.adversary.away(), refill)
        for seat in self.fleet.seats:
            if seat.process is not None:
                self.pids[seat.name] = seat.process.pid
        self.tick = getattr(self, "tick", 0) + 1
        if raising and self.tick % 10 == 0:
            self.raise_limit()
        if self.tick % 25 == 0:
            self.count_trials()
        time.sleep(TICK_S)

    def wait(self, seconds, what, done, **how):
        end = time.monotonic() + seconds
        while not done():
            if time.monotonic() > end:
                self.violations.append(f"not within {seconds} s: {what}")
                return False
            self.tend(**how)
        return True

    def events(self):
        without = [] if self.disk else ["fill_disk"]
        events = schedule.draw(self.seed, self.kind, self.count, LEASE_S, without)
        self.show(f"seed {self.seed}, {self.count} events, schedule {schedule.digest(events)}"
                  f"{', without ' + ' '.join(without) if without and self.kind == 'sqlite' else ''}")  # fmt: skip
        for event in events:
            self.say(f"plan {event}")
        self.wait(60, "10 trials are done", lambda: self.coroner.progress() >= 10, raising=True)
        began = time.monotonic()
        for event in events:
            while time.monotonic() - began < event.at:
                self.tend(raising=True)
            self.adversary.do(event)
        self.show(f"{self.coroner.progress()} trials evaluated when the last event is done")

    def store_away(self):
        """The store is gone once, for long."""
        self.wait(60, "10 trials are done", lambda: self.coroner.progress() >= 10, raising=True)
        kind = "lock_store" if self.kind == "sqlite" else "kill_gateway"
        extra = {"again": 0}
        self.show(f"the store is away for {self.away_s:.0f} s")
        self.adversary.do(schedule.Event(0, 0, kind, 0, self.away_s, extra))
        before = self.coroner.progress()
        self.wait(self.away_s + 120, "the store is back", self.adversary.quiet, raising=False)
        if self.fleet.starts > MASTERS + WORKERS:
            self.violations.append("a program left because the store was away")
        self.show(f"{self.coroner.progress() - before} trials came to a result meanwhile")
        self.show("the store is back")

    def study_state(self):
        found = subprocess.run(self.hopt("study", "show", STUDY, "--json"), timeout=60,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # fmt: skip
        return json.loads(found.stdout)["state"] if found.returncode == 0 else "?"

    def put_right(self):
        self.adversary.tend(all_now=True)
        self.wait(120, "everything is undone", self.adversary.quiet, raising=False)
        self.wait(60, "the limit is set", lambda: not self.raising or self.raise_limit()
                  or not self.raising, raising=False)  # fmt: skip
        self.wait(60, "all programs run", self.fleet.full, raising=False)
        looked = [0.0]

        def done():
            if time.monotonic() - looked[0] < 0.5:
                return False
            looked[0] = time.monotonic()
            return self.study_state() == "done"

        if self.wait(DONE_S, "the study is done", done, raising=False):
            self.show(f"the study is done: {self.max_trials} trials")
        for seat in self.fleet.seats:
            if seat.alive():
                seat.leaving = True
                seat.signal(signal.SIGTERM)
        self.wait(60, "all programs have left", lambda: not any(s.process for s in self.fleet.seats),
                  raising=False, refill=False)  # fmt: skip
        self.wait(10, "nothing is evaluated", lambda: not self.coroner.living(),
                  raising=False, refill=False)  # fmt: skip

    def end(self):
        self.fleet.end()
        self.adversary.tend(all_now=True)
        if self.proxy:
            out, _ = self.proxy.communicate('{"toxic": "end"}\n', timeout=20)
            self.proxied = json.loads(out.splitlines()[-1])
        server = self.adversary.server
        if server and server.ours and os.environ.get("HOPT_TEST_MONGO_URI"):
            for command in ("restart-server", "restart-database"):
                subprocess.run([server.script, command], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, timeout=120)  # fmt: skip
        for process in (self.counting, self.raising and self.raising[0]):
            if process and process.poll() is None:
                process.kill()
                process.wait()

    # ---- after it ----

    def gather(self):
        """What the checker asks of us."""
        self.coroner.finish()
        self.deaths, self.stops = {}, []
        for seat in self.fleet.seats:
            self.deaths.update(seat.deaths)
            self.stops += seat.stops
        self.troubles = self.adversary.troubles
        self.slowest_death = self.fleet.slowest_death
        self.violations += self.fleet.violations
        if self.adversary.server:
            self.violations += self.adversary.server.failures

    def report(self, checker, faults):
        """For people: events by kind, what became of the trials, and the checker's word."""
        print(f"\nchaos over {self.kind}: seed {self.seed}, "
              f"{sum(self.adversary.hits.values())} events hit, "
              f"{sum(self.adversary.misses.values())} found nobody to hit")  # fmt: skip
        for kind, hits in sorted(self.adversary.hits.items()):
            missed = self.adversary.misses[kind]
            print(f"  {hits:6d}  {kind}{f' ({missed} missed)' if missed else ''}")
        for what, count in sorted(self.proxied.items()) if self.proxy else []:
            print(f"  {count:6d}  on the wire: {what}")
        if self.kind == "mongo" and not self.adversary.server.ours:
            print("          the server is not ours to kill: left out")
        print("programs")
        print(f"  {self.fleet.starts:6d}  started, {len(self.fleet.refused)} refused for no store")
        print("trials")
        for what, count in checker.numbers.items():
            print(f"  {count:6d}  {what}")
        if faults:
            print(f"checker: {len(faults)} FAULTS")
        else:
            print(f"checker: nothing lost (and it noticed {len(fakes.FAKES)} made-up faults)")
        for fault in faults[:50]:
            print(f"  FAULT  {fault}")
        sys.stdout.flush()


def main():
    run = Run(sys.argv[1])
    run.set_up()
    try:
        if run.away_s:
            run.store_away()
        else:
            run.events()
        run.put_right()
    finally:
        run.end()
    run.gather()
    trials, evaluations = run.store.trials(STUDY), run.coroner.evaluations
    checker = Checker(run, trials, evaluations)
    faults = checker.check()
    if not faults:  # would it have noticed?
        faults += fakes.overlooked(run, trials, evaluations)
    run.report(checker, faults)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
