"""What the tables of report.py share: names, numbers, and samplers on the same seeds."""
import numpy

import peers
from results import LEAST, mean_log

TITLES = {"tpe": "hopt tpe", "gp": "hopt gp, auto", "optuna-gp": "Optuna GPSampler", "optuna-cma": "Optuna CmaEsSampler",
          "smac": "SMAC3", "hebo": "HEBO", "hopt-tpe": "hopt tpe", "hopt-gp": "hopt gp, auto", "hopt-random": "random",
          "random": "random", "hopt-hyperopt": "hopt hyperopt", "hyperopt-py": "hyperopt",
          "optuna": "Optuna", "optuna-group": "Optuna group", "rustuna": "rustuna"}
OWN = ["tpe", "gp", "random", "hopt-hyperopt"]
SAMPLERS = OWN + ["hyperopt-py", "optuna", "optuna-group", "rustuna"]
COLORS = dict(zip(SAMPLERS, ["#d62728", "#9467bd", "#bbbbbb", "#c9a227", "#8c564b", "#1f77b4", "#17becf", "#2ca02c"]))


def digits(x):
    return "-" if x is None or not numpy.isfinite(x) else "%.3g" % x


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join(["---"] + ["---:"] * (len(head) - 1)) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


class Comparison:
    """All samplers on the same seeds: for each N those that every peer has done."""

    def __init__(self, results, seeds, in_flight=1):
        self.results, self.wanted, self.in_flight = results, seeds, in_flight
        self.all = [name for name in peers.PEERS if name not in peers.APART
                    and any(key[:2] == (name, in_flight) for key in results.runs)]

    def peers(self, n):
        return [peers.COPY if peer == peers.SLOW and n > peers.SLOW_LIMIT else peer for peer in self.all]

    def runs(self, sampler, problem):
        runs = self.results.runs.get((sampler, self.in_flight, problem), {})
        if not runs and sampler in peers.TREES_ONLY:
            return self.results.runs.get(("optuna", self.in_flight, problem), {})  # the same, bit for bit
        return runs

    def seeds(self, problem, n):
        done = [self.runs(sampler, problem) for sampler in ["tpe"] + self.peers(n)]
        return [seed for seed in self.wanted if all(n in runs.get(seed, {}) for runs in done)]

    def problems(self, n):
        return [name for name in self.results.problems() if self.seeds(name, n)]

    def regrets(self, sampler, problem, n):
        runs = self.runs(sampler, problem)
        return numpy.array([runs[s][n] for s in self.seeds(problem, n) if n in runs.get(s, {})])

    def samplers(self, n):
        """Those with figures for all that is compared at N."""
        return [s for s in SAMPLERS if (s in OWN or s in self.all)
                and all(len(self.regrets(s, p, n)) == len(self.seeds(p, n)) for p in self.problems(n))]

    def median(self, sampler, problem, n):
        return float(numpy.median(self.regrets(sampler, problem, n)))

    def best_peer(self, problem, n):
        return min((self.median(peer, problem, n), peer) for peer in self.peers(n))

    def ours(self, n):
        """Those of ours that are held against the peers."""
        return [s for s in ("gp", "tpe") if s in self.samplers(n)]

    def ratio(self, sampler, problem, n):
        """Of its median to the best peer's."""
        return max(self.median(sampler, problem, n), LEAST) / max(self.best_peer(problem, n)[0], LEAST)

    def mean(self, sampler, n):
        """Mean log10 regret: over the seeds of a problem, then over problems."""
        return float(numpy.mean([mean_log(self.regrets(sampler, problem, n)) for problem in self.problems(n)]))

    def counts(self, n):
        counts = [len(self.seeds(problem, n)) for problem in self.problems(n)]
        return "%d" % counts[0] if min(counts) == max(counts) else "%d to %d" % (min(counts), max(counts))
