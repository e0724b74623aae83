"""Proves from the store and the logs that nothing was lost, doubled or taken from the wrong one."""
import collections
import datetime
import glob
import json
import os
import re
import subprocess

# What an evaluation may outlive its worker, or the shot at it or its runner, by.
DEATH_S = 1.0
# The leader proposes only right after it has read what ended.
SEEN_S = 5.0
# After a cut link a client waits for its time-out, then backs off, before it beats again.
LINK_AFTER_S = 12.0
OPEN_NOTE = re.compile(r" (trial claimed|trial ended(?: with an error)?|trial given back|"
                       r"lease lost, result dropped) study=\S+ trial=(\d+) lease=(\d+)")  # fmt: skip
SANITIZER = re.compile(r"ERROR: \w+Sanitizer|runtime error:|[Aa]ssertion|HOPT_ASSERT")


class Checker:
    def __init__(self, run, trials, evaluations):
        self.run = run
        self.faults = []
        self.numbers = collections.OrderedDict()
        self.trials = sorted(trials, key=lambda t: t.num)
        self.by_num = {t.num: t for t in self.trials}
        self.evaluations = evaluations
        self.by_lease = collections.defaultdict(list)
        for one in self.evaluations:
            self.by_lease[one.num, one.lease].append(one)
        self.by_trial = collections.defaultdict(list)
        for one in self.evaluations:
            self.by_trial[one.num].append(one)

    def fault(self, text):
        self.faults.append(text)

    def check(self):
        self.prove()
        self.programs()
        if self.run.clocks_apart:
            self.clocks()
        self.views()
        return self.faults

    def prove(self):
        self.slots()
        self.ends()
        self.acknowledged()
        self.deaths()
        self.overlaps()
        self.saw()
        return self.faults

    # ---- every slot once ----

    def slots(self):
        wanted, got = list(range(self.run.max_trials)), [t.num for t in self.trials]
        if got != wanted:
            missing, more = set(wanted) - set(got), collections.Counter(got)
            doubled = [n for n in got if more[n] > 1]
            self.fault(f"slots: missing {sorted(missing)[:20]}, doubled {doubled[:20]}, "
                       f"beyond the limit {sorted(set(got) - set(wanted))[:20]}")  # fmt: skip
        if len({t.tid for t in self.trials}) != len(self.trials):
            self.fault("two trials have the same tid")
    # ---- every trial ended, once, by the last holder of its lease ----

    def ends(self):
        states = collections.Counter(t.state for t in self.trials)
        for trial in self.trials:
            if trial.state == "done":
                self.done(trial)
            elif trial.state == "error":
                self.error(trial)
            else:
                self.fault(f"not ended by an evaluation: {trial}")
        self.numbers["trials"] = len(self.trials)
        self.numbers["  done"] = states["done"]
        self.numbers["  error, no attempts left"] = states["error"]
        self.numbers["evaluations begun"] = len(self.evaluations)
        self.numbers["evaluations that came to a result"] = sum(
            1 for e in self.evaluations if e.end
        )
        self.numbers["claims"] = sum(t.lease for t in self.trials)
        self.numbers["attempts counted as lost"] = sum(t.lost for t in self.trials)

    def done(self, trial):
        """version: 1 for each claim and the end, 1000 for each time it left RUNNING otherwise. So it
        ended once, and all leases but the last were taken back before."""
        wanted = trial.lease + 1 + 1000 * (trial.lease - 1)
        if trial.version != wanted:
            self.fault(f"version {trial.version} instead of {wanted}: {trial}")
        ran = self.by_lease.get((trial.num, trial.lease), [])
        result = trial.result
        if len(ran) != 1 or ran[0].end is None:
            self.fault(f"a result without its evaluation: {trial}")
            return
        one = ran[0]
        if (result.get("lease"), result.get("pid"), result.get("by")) != (
            one.lease, one.pid, one.worker,
        ):  # fmt: skip
            self.fault(f"a result of another evaluation: {trial}; {one}")
        if result.get("loss") != one.loss:
            self.fault(f"another loss than the objective's {one.loss}: {trial}")
        if f":{self.run.pids.get(one.worker)}:" not in trial.owner:
            self.fault(f"ended by another worker than {one.worker}: {trial}")

    def error(self, trial):
        wanted = trial.lease + 1000 * trial.lease
        if trial.version != wanted:
            self.fault(f"version {trial.version} instead of {wanted}: {trial}")
        if trial.lost < self.run.max_attempts:
            self.fault(f"ended in error with attempts left: {trial}")

    # ---- what workers were told is so ----

    def acknowledged(self):
        ended, counts = {}, collections.Counter()
        for path in glob.glob(os.path.join(self.run.folder, "worker-*.log")):
            with open(path, errors="replace") as file:
                for what, num, lease in OPEN_NOTE.findall(file.read()):
                    counts[what] += 1
                    if what.startswith("trial ended"):
                        ended.setdefault(int(num), []).append((int(lease), path))
        for num, ends in ended.items():
            trial = self.by_num.get(num)
            if len(ends) > 1:
                self.fault(f"trial {num} was acknowledged more than once: {ends}")
            if trial is None or trial.lease != ends[0][0] or trial.state not in ("done", "error"):
                self.fault(f"acknowledged with lease {ends[0][0]}, but lost: {trial}")
        self.numbers["ends acknowledged to workers"] = len(ended)
        self.numbers["trials given back"] = counts["trial given back"]
        self.numbers["results refused, or evaluations stopped, for a lost lease"] = counts[
            "lease lost, result dropped"
        ]

    # ---- nobody outlives his worker ----

    def stalled(self, begin, end):
        """How much of begin..end nobody could use."""
        return sum(part * max(0.0, min(until, end) - max(since, begin))
                   for since, until, part in self.run.coroner.stalls)  # fmt: skip

    def outlived(self, one, died):
        """By how much at least, of time in which it could have died."""
        return one.last_alive - died - self.stalled(died, one.last_alive)

    def deaths(self):
        deaths, slowest = self.run.deaths, 0.0
        for one in self.evaluations:
            died = deaths.get(one.worker)
            if one.death is None:
                self.fault(f"still alive: {one}")
            elif died is not None and one.death > died:
                slowest = max(slowest, one.death - died)
                if self.outlived(one, died) > DEATH_S:
                    self.fault(f"outlived its worker by {one.death - died:.2f} s: {one}")
            elif one.end and died is not None and one.end > died + DEATH_S:
                self.fault(f"came to a result after its worker's death: {one}")
        self.numbers["longest that anything outlived its worker, ms"] = round(
            1000 * max(slowest, self.run.slowest_death)
        )

    # ---- two at once ----

    def claimed_by(self, one):
        """When its trial was claimed at the latest: a worker that was stopped between the claim and
        the start of the evaluation had it before."""
        stops = [since for name, since, until in self.run.stops
                 if name == one.worker and since < one.start <= until + 3]  # fmt: skip
        return min(stops, default=one.start)

    def spans(self, worker):
        """From when to when this worker could not beat, as far as we had a hand in it or saw it."""
        spans = [(since, until) for since, until, part in self.run.coroner.stalls if part > 0.5]
        for name, since, until in self.run.stops:
            if name == worker:
                spans.append((since, until))
        seat = worker.split(".")[0]
        for trouble in self.run.troubles:
            if trouble.who == "*":
                spans.append((trouble.begin, trouble.end + LINK_AFTER_S))
            elif trouble.who.name.split(".")[0] == seat:
                spans.append((trouble.begin, trouble.end + LINK_AFTER_S))
        return spans

    def cut_off(self, worker, begin, end):
        """For how long of begin..end it could not."""
        total, reached = 0.0, begin
        for since, until in sorted(self.spans(worker)):
            since, until = max(since, reached), min(until, end)
            if until > since:
                total, reached = total + until - since, until
        return total

    def overlap(self, first, second):
        """Why it was allowed that `second` began while `first` ran; None: it was not."""
        died = self.run.deaths.get(first.worker)
        if died is not None and died <= second.start and self.outlived(first, died) <= DEATH_S:
            return "dying"
        if first.shot and first.shot[1] <= second.start and self.outlived(first, first.shot[1]) <= DEATH_S:
            return "dying"
        # The lease rule: taken back after a lease of silence at least.
        lease_s, begin = self.run.lease_s, self.claimed_by(first)
        if second.start - begin < lease_s:
            return None
        if self.cut_off(first.worker, begin - lease_s, second.start) < lease_s / 2:
            return None
        return "lease"

    def overlaps(self):
        counts = collections.Counter()
        for (num, lease), ran in self.by_lease.items():
            if len(ran) > 1:
                self.fault(f"evaluated twice under one lease: {ran}")
        for num, ran in self.by_trial.items():
            ran.sort(key=lambda e: e.lease)
            for i, first in enumerate(ran):
                for second in ran[i + 1 :]:
                    if second.start < self.claimed_by(first):
                        self.fault(f"a later lease began earlier: {second}; {first}")
                    if first.death is None or second.start >= first.death:
                        continue
                    why = self.overlap(first, second)
                    counts[why] += 1
                    if why is None:
                        self.fault(f"two at once: {first}; {second}")
        self.numbers["trials evaluated by two at once, within the lease rule"] = counts["lease"]
        self.numbers["trials begun again while the killed evaluation died"] = counts["dying"]

    # ---- what the sampler saw ----

    def saw(self):
        listed = {}
        for trial in self.trials:
            begun = min((e.start for e in self.by_trial[trial.num]), default=None)
            for num in trial.saw:
                seen = self.by_num.get(num)
                if num in listed:
                    self.fault(f"trial {num} was newly seen twice: {listed[num]}, {trial.num}")
                listed[num] = trial.num
                if seen is None or seen.state not in ("done", "error"):
                    self.fault(f"trial {trial.num} saw {num}, which has not ended: {seen}")
                elif begun and seen.state == "done":
                    ran = self.by_lease[seen.num, seen.lease]  # none: ends() says so
                    if ran and ran[0].end and ran[0].end > begun:
                        self.fault(f"trial {trial.num} began before {num}, which it saw, ended")
        unseen = [t for t in self.trials if t.num not in listed]
        self.numbers["trials that no later proposal saw: ended after the last one"] = len(unseen)
        last = self.run.last_proposal_ms
        for trial in unseen if last and not self.run.clocks_apart else []:
            if trial.end_ms and trial.end_ms < last - SEEN_S * 1000:
                self.fault(
                    f"no proposal saw trial {trial.num}, ended "
                    f"{(last - trial.end_ms) / 1000:.1f} s before the last one"
                )

    # ---- programs and views ----

    def programs(self):
        said = self.run.store.sound()
        if said:
            self.fault(f"the store is damaged: {said}")
        for text in self.run.violations:
            self.fault(text)
        for line in self.run.coroner.bad_lines:
            self.fault(f"a line in the objectives' log: {line!r}")
        for path in glob.glob(os.path.join(self.run.folder, "*.log")):
            with open(path, errors="replace") as file:
                found = SANITIZER.search(file.read())
            if found:
                self.fault(f"{os.path.basename(path)}: {found.group()}")

    def clocks(self):
        """Whether the wall clocks were apart in fact, by the logs."""
        hours = []
        for path in glob.glob(os.path.join(self.run.folder, "worker-*.log")):
            with open(path, errors="replace") as file:
                stamp = re.match(r"(\d{4}-\d\d-\d\dT[\d:.]+)Z", file.readline())
            if stamp:
                hours.append(datetime.datetime.fromisoformat(stamp.group(1)).timestamp() / 3600)
        apart = max(hours) - min(hours)
        self.numbers["minutes that the wall clocks were apart"] = round(apart * 60)
        if apart < 1.9:
            self.fault(f"the wall clocks were only {apart:.2f} h apart")

    def command(self, *args):
        done = subprocess.run(
            [f"{self.run.bin_dir}/hopt", *args], timeout=120,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        if done.returncode != 0:
            self.fault(f"hopt {' '.join(args)}: exit {done.returncode}: {done.stderr.decode()}")
        return [json.loads(line) for line in done.stdout.decode().splitlines()]

    def views(self):
        for found in self.command("doctor", "--json"):
            text = found.get("message") or found.get("says") or json.dumps(found)
            if found.get("level") in ("fail", "FAIL") or "without a living worker" in text:
                self.fault(f"hopt doctor: {text}")
        study = self.command("study", "show", self.run.study, "--json")[0]
        if study["state"] != "done":
            self.fault(f"the study is {study['state']}")
        lines = self.command("export", self.run.study, "--format", "jsonl")
        if [line["num"] for line in lines] != [t.num for t in self.trials]:
            self.fault("hopt export shows other trials than the store has")
