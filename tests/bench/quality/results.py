"""Runs as lines: sampler,in_flight,problem,seed,N=regret tN=ms N=regret ... What bench_quality --raw and peers_run.py
write and report.py reads. ms: the CPU time of all suggestions until then; older lines do not have it."""
import csv
import os

import numpy

HEADER = ["sampler", "in_flight", "problem", "seed", "regrets"]
LEAST = 1e-12  # log10 of a regret is of this at least


def line(sampler, in_flight, problem, seed, record, times):
    regrets = " ".join("%d=%.4g t%d=%.4g" % (n, regret, n, times[n]) for n, regret in sorted(record.items()))
    return ",".join([sampler, str(in_flight), problem, str(seed), regrets]) + "\n"


def key(row):
    return row["sampler"], int(row["in_flight"]), row["problem"], int(row["seed"])


def rows(path):
    with open(path, newline="") as file:
        for row in csv.DictReader(file, fieldnames=HEADER):
            if row["sampler"] != HEADER[0] and row["regrets"]:
                yield row


def reached(row):
    """After how many trials the run ended."""
    return max(int(pair.split("=")[0]) for pair in row["regrets"].split() if not pair.startswith("t"))


def create(path):
    if not os.path.exists(path) or os.path.getsize(path) == 0:
        with open(path, "w") as file:
            file.write(",".join(HEADER) + "\n")


class Results:
    """All runs of some files; where they say something twice, the last counts."""

    def __init__(self, paths):
        self.runs = {}  # (sampler, in flight, problem) -> {seed: {N: regret}}
        self.times = {}  # the same with the milliseconds of all suggestions until then
        for path in paths:
            for row in rows(path):
                sampler, in_flight, problem, seed = key(row)
                for pair in row["regrets"].split():
                    n, value = pair.split("=")
                    kept = self.times if n.startswith("t") else self.runs
                    runs = kept.setdefault((sampler, in_flight, problem), {})
                    runs.setdefault(seed, {})[int(n.lstrip("t"))] = float(value)

    def regrets(self, sampler, problem, n, seeds, in_flight=1):
        runs = self.runs.get((sampler, in_flight, problem), {})
        return numpy.array([runs[s][n] for s in seeds if s in runs and n in runs[s]])

    def problems(self):
        return list(dict.fromkeys(problem for _, _, problem in self.runs))


def mean_log(regrets):
    return float(numpy.mean(numpy.log10(numpy.maximum(regrets, LEAST))))
