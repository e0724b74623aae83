"""The tables and plots of docs/benchmarks.md from recorded runs: report.py FILE... [options]

Prints Markdown; with --write DOCS also puts it into DOCS/benchmarks.md, between its two marks, and the
plots and quartiles into DOCS/benchmarks/.
"""
import argparse
import importlib.metadata
import os
import sys

import numpy

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peers
from peers_run import numbers
from results import Results, mean_log

TITLES = {"tpe": "hopt tpe", "random": "random", "hopt-hyperopt": "hopt hyperopt", "hyperopt-py": "hyperopt",
          "optuna": "Optuna", "optuna-group": "Optuna group", "rustuna": "rustuna"}
OWN = ["tpe", "random", "hopt-hyperopt"]
SAMPLERS = OWN + ["hyperopt-py", "optuna", "optuna-group", "rustuna"]
BEGIN, END = "<!-- quality: written by tests/bench/quality/report.py -->", "<!-- quality: end -->"


def digits(x):
    return "-" if x is None or not numpy.isfinite(x) else "%.3g" % x


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join(["---"] + ["---:"] * (len(head) - 1)) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


class Comparison:
    """All samplers on the same seeds: those that every peer has done for a problem."""

    def __init__(self, results, seeds, in_flight=1):
        self.results, self.wanted, self.in_flight = results, seeds, in_flight
        self.peers = [name for name in peers.PEERS if any(key[0] == name and key[1] == in_flight for key in results.runs)]
        self.problems = [name for name in results.problems() if self.seeds(name)]

    def runs(self, sampler, problem):
        runs = self.results.runs.get((sampler, self.in_flight, problem), {})
        if not runs and sampler in peers.TREES_ONLY:
            return self.results.runs.get(("optuna", self.in_flight, problem), {})  # the same, bit for bit
        return runs

    def seeds(self, problem):
        done = [set(self.runs(sampler, problem)) for sampler in ["tpe"] + self.peers]
        return [seed for seed in self.wanted if all(seed in some for some in done)]

    def regrets(self, sampler, problem, n):
        runs = self.runs(sampler, problem)
        return numpy.array([runs[s][n] for s in self.seeds(problem) if s in runs and n in runs[s]])

    def median(self, sampler, problem, n):
        regrets = self.regrets(sampler, problem, n)
        return float(numpy.median(regrets)) if len(regrets) else None

    def best_peer(self, problem, n):
        medians = [(self.median(peer, problem, n), peer) for peer in self.peers]
        return min(pair for pair in medians if pair[0] is not None)

    def ratio(self, problem, n):
        return self.median("tpe", problem, n) / self.best_peer(problem, n)[0]

    def mean(self, sampler, n):
        """Mean log10 regret: over the seeds of a problem, then over problems. None unless it has all."""
        logs = []
        for problem in self.problems:
            regrets = self.regrets(sampler, problem, n)
            if not len(regrets):
                return None
            logs.append(mean_log(regrets))
        return float(numpy.mean(logs))

    def counts(self):
        counts = [len(self.seeds(problem)) for problem in self.problems]
        return "%d" % counts[0] if min(counts) == max(counts) else "%d to %d" % (min(counts), max(counts))

    def complete(self, n):
        return [problem for problem in self.problems
                if all(len(self.regrets(s, problem, n)) for s in ["tpe", "optuna", "rustuna"] if s in ["tpe"] + self.peers)]


def wide_table(comparison, n):
    rows = []
    samplers = [s for s in SAMPLERS if s != "tpe" and (s in OWN or s in comparison.peers)]
    for problem in comparison.complete(n):
        quartiles = numpy.quantile(comparison.regrets("tpe", problem, n), [.25, .5, .75])
        best, who = comparison.best_peer(problem, n)
        ratio = comparison.ratio(problem, n)
        row = [problem, "%s / **%s** / %s" % tuple(map(digits, quartiles))]
        for sampler in samplers:
            text = digits(comparison.median(sampler, problem, n))
            row.append("**%s**" % text if sampler == who else text)
        rows.append(row + [("%.2g" % ratio) if ratio <= 1 else "**%.3g**" % ratio])
    return table(["problem", "hopt tpe: q25 / median / q75"] + [TITLES[s] for s in samplers] + ["tpe to best peer"], rows)


def summary_table(comparison, checkpoints):
    head = ["N", "rows at or below the best peer", "worst ratio to the best peer", "rows above 1.3"]
    samplers = [s for s in SAMPLERS if s in OWN or s in comparison.peers]
    rows = []
    for n in checkpoints:
        problems = comparison.complete(n)
        if not problems:
            continue
        ratios = {problem: comparison.ratio(problem, n) for problem in problems}
        worst = max(ratios, key=ratios.get)
        row = [str(n), "%d of %d" % (sum(r <= 1 for r in ratios.values()), len(ratios)),
               "%.2f (%s)" % (ratios[worst], worst),
               ", ".join("%s %.2f" % (p, r) for p, r in ratios.items() if r > 1.3) or "none"]
        means = {s: comparison.mean(s, n) for s in samplers}
        best = min(m for s, m in means.items() if s in comparison.peers and m is not None)
        row += ["-" if means[s] is None else "%.3f" % means[s] for s in samplers]
        rows.append(row + ["%+.3f" % (means["tpe"] - best)])
    return table(head + [TITLES[s] for s in samplers] + ["tpe less best peer"], rows)


def batch_table(results, seeds, in_flight, n):
    together = Comparison(results, seeds, in_flight)
    if not together.problems:
        return ""
    serial = Comparison(results, seeds)
    rows, logs = [], {"tpe": [], "serial": [], **{peer: [] for peer in together.peers}}
    for problem in together.problems:
        common = together.seeds(problem)
        runs = serial.runs("tpe", problem)
        alone = numpy.array([runs[s][n] for s in common if n in runs.get(s, {})])
        logs["serial"].append(mean_log(alone))
        quartiles = numpy.quantile(together.regrets("tpe", problem, n), [.25, .5, .75])
        logs["tpe"].append(mean_log(together.regrets("tpe", problem, n)))
        row = [problem, digits(float(numpy.median(alone))), "%s / **%s** / %s" % tuple(map(digits, quartiles)),
               "%.2g" % (quartiles[1] / numpy.median(alone))]
        for peer in together.peers:
            logs[peer].append(mean_log(together.regrets(peer, problem, n)))
            row.append(digits(together.median(peer, problem, n)))
        rows.append(row + ["%.2g" % together.ratio(problem, n)])
    rows.append(["mean log10 regret", "%.3f" % numpy.mean(logs["serial"]), "%.3f" % numpy.mean(logs["tpe"]),
                 "%+.3f" % (numpy.mean(logs["tpe"]) - numpy.mean(logs["serial"]))]
                + ["%.3f" % numpy.mean(logs[peer]) for peer in together.peers] + [""])
    head = ["problem", "tpe, serial", "tpe: q25 / median / q75", "to serial"]
    won = sum(together.ratio(problem, n) <= 1 for problem in together.problems)
    return ("\n### %d trials in flight, N = %d\n\n%s seeds. `tpe` is at or below the best peer on %d of %d rows.\n\n"
            % (in_flight, n, together.counts(), won, len(together.problems))
            + table(head + [TITLES[p] for p in together.peers] + ["tpe to best peer"], rows))


def variant_table(results, variants, seeds, n, problems=None):
    """hopt's own variants beside each other, medians; the last column is the second to the first."""
    rows, logs = [], {v: [] for v in variants}
    for problem in problems or results.problems():
        regrets = [results.regrets(v, problem, n, seeds) for v in variants]
        if not all(len(r) for r in regrets):
            continue
        medians = [float(numpy.median(r)) for r in regrets]
        for variant, r in zip(variants, regrets):
            logs[variant].append(mean_log(r))
        change = mean_log(regrets[1]) - mean_log(regrets[0])
        rows.append([problem] + [digits(m) for m in medians] + ["%+.3f" % change])
    if not rows:
        return ""
    means = [float(numpy.mean(logs[v])) for v in variants]
    rows.append(["mean log10 regret"] + ["%.3f" % m for m in means] + ["%+.3f" % (means[1] - means[0])])
    return table(["problem"] + [variants[v] for v in variants] + ["change of mean log10"], rows)


def versions():
    packages = ["hyperopt", "optuna", "rustuna", "numpy", "scipy"]
    found = ["%s %s" % (p, importlib.metadata.version(p)) for p in packages]
    return ", ".join(found) + ", Python " + sys.version.split()[0]


def curves(comparison, checkpoints, path):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    samplers = [s for s in SAMPLERS if s in OWN or s in comparison.peers]
    colors = dict(zip(SAMPLERS, ["#d62728", "#bbbbbb", "#c9a227", "#8c564b", "#1f77b4", "#17becf", "#2ca02c"]))
    figure, axes = pyplot.subplots(6, 5, figsize=(13, 14))
    for axis, problem in zip(axes.flat, comparison.problems):
        for sampler in samplers:
            if sampler in peers.TREES_ONLY and not comparison.results.runs.get((sampler, 1, problem)):
                continue
            points = [(n, comparison.median(sampler, problem, n)) for n in checkpoints]
            points = [(n, max(y, 1e-12)) for n, y in points if y is not None]
            axis.plot(*zip(*points), color=colors[sampler], lw=2 if sampler == "tpe" else 1.1, label=TITLES[sampler])
        axis.set_title(problem, fontsize=9)
        axis.set_xscale("log")
        axis.set_yscale("log")
        axis.set_xticks([50, 100, 200, 400], ["50", "100", "200", "400"])
        axis.minorticks_off()
        axis.tick_params(labelsize=7)
        axis.grid(alpha=.25)
    for axis in list(axes.flat)[len(comparison.problems):]:
        axis.axis("off")
    lines = [pyplot.Line2D([], [], color=colors[s], lw=2) for s in samplers]
    list(axes.flat)[-1].legend(lines, [TITLES[s] for s in samplers], loc="center", fontsize=9, frameon=False)
    figure.supxlabel("trials", fontsize=10)
    figure.supylabel("median regret of the incumbent", fontsize=10)
    figure.tight_layout()
    figure.savefig(os.path.join(path, "quality-problems.png"), dpi=70)

    figure, axis = pyplot.subplots(figsize=(6.4, 4))
    for sampler in samplers:
        points = [(n, comparison.mean(sampler, n)) for n in checkpoints]
        points = [(n, y) for n, y in points if y is not None]
        if points:
            axis.plot(*zip(*points), color=colors[sampler], lw=2.2 if sampler == "tpe" else 1.3, marker=".",
                      label=TITLES[sampler])
    axis.set_xscale("log")
    axis.set_xticks([25, 50, 100, 200, 400], ["25", "50", "100", "200", "400"])
    axis.minorticks_off()
    axis.set_xlabel("trials")
    axis.set_ylabel("mean log10 regret, %d problems" % len(comparison.problems))
    axis.grid(alpha=.3)
    axis.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(os.path.join(path, "quality-mean.png"), dpi=90)


def write_quartiles(results, sets, path):
    with open(os.path.join(path, "quality.csv"), "w") as file:
        file.write("seeds,in_flight,sampler,problem,N,runs,q25,median,q75,mean_log10\n")
        for name, seeds in sets:
            for (sampler, in_flight, problem), runs in sorted(results.runs.items()):
                for n in sorted({n for s in seeds if s in runs for n in runs[s]}):
                    if n not in (50, 100, 200, 400, 1000, 5000, 10000):
                        continue
                    regrets = results.regrets(sampler, problem, n, seeds, in_flight)
                    q = numpy.quantile(regrets, [.25, .5, .75])
                    file.write("%s,%d,%s,%s,%d,%d,%.3g,%.3g,%.3g,%.3f\n"
                               % (name, in_flight, sampler, problem, n, len(regrets), *q, mean_log(regrets)))


def spell(seeds):
    parts = []
    for seed in sorted(seeds):
        if parts and parts[-1][1] == seed - 1:
            parts[-1][1] = seed
        else:
            parts.append([seed, seed])
    return ", ".join("%d" % a if a == b else "%d to %d" % (a, b) for a, b in parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", help="recorded runs")
    parser.add_argument("--development", type=numbers, default="0-9", help="seeds that choices were made by")
    parser.add_argument("--report", type=numbers, default="100-119", help="seeds that were not looked at for that")
    parser.add_argument("--at", type=numbers, default="50,100,200,400")
    parser.add_argument("--commit", default="unknown")
    parser.add_argument("--write", metavar="DOCS", help="folder of benchmarks.md")
    options = parser.parse_args()
    results = Results(options.files)
    out = [BEGIN, "## Regret", "", open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "about.md")).read().rstrip(),
           "", "Commit %s; %s." % (options.commit, versions()), ""]
    sets = [("report", options.report), ("development", options.development)]
    comparisons = {name: Comparison(results, seeds) for name, seeds in sets}
    for name, seeds in sets:
        comparison = comparisons[name]
        if not comparison.problems:
            continue
        out += ["", "### Serial, %s seeds (%s; %s runs a cell)" % (name, spell(seeds), comparison.counts()), "",
                summary_table(comparison, options.at)]
        if name == "report" and options.write:
            out += ["![mean log10 regret over trials](benchmarks/quality-mean.png)", "",
                    "![median regret over trials, each problem](benchmarks/quality-problems.png)", ""]
        for n in options.at:
            if comparison.complete(n) and (name == "report" or n == 100):
                out += ["", "N = %d, medians; the best peer in bold:" % n, "", wide_table(comparison, n)]
    for in_flight, n in ((10, 200), (100, 1000)):
        out.append(batch_table(results, options.report, in_flight, n))
    late = variant_table(results, {"tpe-early": "without", "tpe": "with"}, options.report + options.development, 400)
    if late:
        out += ["\n### Coordinate jumps and branch minima after 100 trials", ""]
        for n in (200, 400):
            out += ["N = %d, medians, %d seeds:" % (n, len(options.report + options.development)), "",
                    variant_table(results, {"tpe-early": "without", "tpe": "with"}, options.report + options.development, n)]
    thin = variant_table(results, {"tpe-whole": "whole history", "tpe-thin": "thinned"}, options.report, 5000)
    if thin:
        out += ["\n### What thinning the history costs", "",
                "From 3,000 trials on `tpe` keeps 2,000 of the trials that are not among the best. Medians:", ""]
        for n in (5000, 10000):
            rows = variant_table(results, {"tpe-whole": "whole history", "tpe-thin": "thinned"}, options.report, n)
            if rows:
                some = next(iter(results.runs[("tpe-thin", 1, problem)] for problem in results.problems()
                                 if ("tpe-thin", 1, problem) in results.runs))
                out += ["N = %d, %d seeds:" % (n, len([s for s in options.report if n in some.get(s, {})])), "", rows]
    out.append(END)
    text = "\n".join(out) + "\n"
    if not options.write:
        print(text)
        return
    pictures = os.path.join(options.write, "benchmarks")
    os.makedirs(pictures, exist_ok=True)
    if comparisons["report"].problems:
        curves(comparisons["report"], [25, 50, 75, 100, 150, 200, 300, 400], pictures)
    write_quartiles(results, sets, pictures)
    path = os.path.join(options.write, "benchmarks.md")
    before, after = "# Benchmarks\n\n", ""
    if os.path.exists(path):
        before, _, rest = open(path).read().partition(BEGIN)
        after = rest.partition(END)[2].lstrip("\n")
    with open(path, "w") as file:
        file.write(before + text + after)


if __name__ == "__main__":
    main()
