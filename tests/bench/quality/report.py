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
import problems
from peers_run import numbers
from results import LEAST, Results, mean_log

TITLES = {"tpe": "hopt tpe", "gp": "hopt gp, auto", "optuna-gp": "Optuna GPSampler", "optuna-cma": "Optuna CmaEsSampler",
          "smac": "SMAC3", "hebo": "HEBO", "hopt-tpe": "hopt tpe", "hopt-gp": "hopt gp, auto", "hopt-random": "random",
          "random": "random", "hopt-hyperopt": "hopt hyperopt", "hyperopt-py": "hyperopt",
          "optuna": "Optuna", "optuna-group": "Optuna group", "rustuna": "rustuna"}
OWN = ["tpe", "gp", "random", "hopt-hyperopt"]
SAMPLERS = OWN + ["hyperopt-py", "optuna", "optuna-group", "rustuna"]
COLORS = dict(zip(SAMPLERS, ["#d62728", "#9467bd", "#bbbbbb", "#c9a227", "#8c564b", "#1f77b4", "#17becf", "#2ca02c"]))
BEGIN, END = "<!-- quality: written by tests/bench/quality/report.py -->", "<!-- quality: end -->"


def digits(x):
    return "-" if x is None or not numpy.isfinite(x) else "%.3g" % x


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join(["---"] + ["---:"] * (len(head) - 1)) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


class Comparison:
    """All samplers on the same seeds: for each N those that every peer has done."""

    def __init__(self, results, seeds, in_flight=1):
        self.results, self.wanted, self.in_flight = results, seeds, in_flight
        self.all = [name for name in peers.PEERS if name not in peers.APART and any(key[0] == name and key[1] == in_flight for key in results.runs)]

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

    def ratio(self, problem, n):
        return self.median("tpe", problem, n) / self.best_peer(problem, n)[0]

    def mean(self, sampler, n):
        """Mean log10 regret: over the seeds of a problem, then over problems."""
        return float(numpy.mean([mean_log(self.regrets(sampler, problem, n)) for problem in self.problems(n)]))

    def counts(self, n):
        counts = [len(self.seeds(problem, n)) for problem in self.problems(n)]
        return "%d" % counts[0] if min(counts) == max(counts) else "%d to %d" % (min(counts), max(counts))


def wide_table(comparison, n):
    rows = []
    samplers = [s for s in comparison.samplers(n) if s != "tpe"]
    for problem in comparison.problems(n):
        quartiles = numpy.quantile(comparison.regrets("tpe", problem, n), [.25, .5, .75])
        who = comparison.best_peer(problem, n)[1]
        row = [problem, "%s / **%s** / %s" % tuple(map(digits, quartiles))]
        for sampler in samplers:
            text = digits(comparison.median(sampler, problem, n))
            row.append("**%s**" % text if sampler == who else text)
        ratio = comparison.ratio(problem, n)
        rows.append(row + ["%.2g" % ratio if ratio <= 1 else "**%.3g**" % ratio])
    return table(["problem", "hopt tpe: q25 / median / q75"] + [TITLES[s] for s in samplers] + ["tpe to best peer"], rows)


def summary_table(comparison, checkpoints):
    rows = []
    for n in checkpoints:
        if not comparison.problems(n):
            continue
        ratios = {problem: comparison.ratio(problem, n) for problem in comparison.problems(n)}
        worst = max(ratios, key=ratios.get)
        rows.append([str(n), comparison.counts(n), "%d of %d" % (sum(r <= 1 for r in ratios.values()), len(ratios)),
                     "%.2f (%s)" % (ratios[worst], worst),
                     ", ".join("%s %.2f" % (p, r) for p, r in ratios.items() if r > 1.3) or "none"])
    return table(["N", "seeds", "rows at or below the best peer", "worst ratio to the best peer", "rows above 1.3"], rows)


def mean_table(comparison, checkpoints):
    rows = []
    for n in checkpoints:
        if not comparison.problems(n):
            continue
        means = {s: comparison.mean(s, n) for s in comparison.samplers(n)}
        best = min(m for s, m in means.items() if s in comparison.peers(n))
        rows.append([str(n)] + ["%.3f" % means[s] if s in means else "-" for s in SAMPLERS]
                    + ["%+.3f" % (means["tpe"] - best)])
    return table(["N"] + [TITLES[s] for s in SAMPLERS] + ["tpe less best peer"], rows)


def batch_loss(results, seeds, in_flight, n):
    """What tpe loses to itself when it proposes serially, with all its runs."""
    serial, together = [], []
    for problem in results.problems():
        runs = [results.runs.get(("tpe", k, problem), {}) for k in (1, in_flight)]
        common = [s for s in seeds if all(n in some.get(s, {}) for some in runs)]
        if common:
            serial.append(mean_log(results.regrets("tpe", problem, n, common)))
            together.append(mean_log(results.regrets("tpe", problem, n, common, in_flight)))
    if not serial:
        return ""
    serial, together = float(numpy.mean(serial)), float(numpy.mean(together))
    return ("\n### %d trials in flight, N = %d\n\n`tpe` alone, all %d problems, %d seeds: mean log10 regret %.3f, serially "
            "%.3f; the batch costs %+.3f.\n" % (in_flight, n, len(results.problems()), len(common), together, serial,
                                               together - serial))


def batch_section(results, seeds, in_flight, n):
    together, serial = Comparison(results, seeds, in_flight), Comparison(results, seeds)
    problems_of = together.problems(n) if together.all else []
    if not problems_of:
        return batch_loss(results, seeds, in_flight, n)
    rows, logs = [], {name: [] for name in ["serial", "tpe"] + together.all}
    for problem in problems_of:
        runs = serial.runs("tpe", problem)
        alone = numpy.array([runs[s][n] for s in together.seeds(problem, n)])
        logs["serial"].append(mean_log(alone))
        for sampler in ["tpe"] + together.all:
            logs[sampler].append(mean_log(together.regrets(sampler, problem, n)))
        quartiles = numpy.quantile(together.regrets("tpe", problem, n), [.25, .5, .75])
        rows.append([problem, digits(numpy.median(alone)), "%s / **%s** / %s" % tuple(map(digits, quartiles)),
                     "%.2g" % (quartiles[1] / numpy.median(alone))]
                    + [digits(together.median(peer, problem, n)) for peer in together.all]
                    + ["%.2g" % together.ratio(problem, n)])
    means = {name: float(numpy.mean(values)) for name, values in logs.items()}
    rows.append(["mean log10 regret", "%.3f" % means["serial"], "%.3f" % means["tpe"],
                 "%+.3f" % (means["tpe"] - means["serial"])]
                + ["%.3f" % means[peer] for peer in together.all]
                + ["%+.3f" % (means["tpe"] - min(means[peer] for peer in together.all))])
    won = sum(together.ratio(problem, n) <= 1 for problem in problems_of)
    return (batch_loss(results, seeds, in_flight, n)
            + "\nBeside peers, whose runs are fewer (%s a cell): `tpe` is at or below the best one on %d of %d rows. "
            "Medians; the last row: means of log10, and differences of them.\n\n"
            % (together.counts(n), won, len(problems_of))
            + table(["problem", "tpe, serial", "tpe: q25 / median / q75", "to serial"]
                    + [TITLES[p] for p in together.all] + ["tpe to best peer"], rows))


def variant_table(results, variants, seeds, n):
    """Two variants of tpe beside each other, medians of the seeds that both have; "" where there are none."""
    rows, logs = [], {name: [] for name in variants}
    first, second = variants
    for problem in results.problems():
        runs = [results.runs.get((name, 1, problem), {}) for name in variants]
        common = [s for s in seeds if all(n in some.get(s, {}) for some in runs)]
        if not common:
            continue
        for name in variants:
            logs[name].append(mean_log(results.regrets(name, problem, n, common)))
        rows.append([problem] + [digits(numpy.median(results.regrets(name, problem, n, common))) for name in variants]
                    + ["%+.3f" % (logs[second][-1] - logs[first][-1])])
    if not rows:
        return ""
    means = [float(numpy.mean(logs[name])) for name in variants]
    rows.append(["mean log10 regret"] + ["%.3f" % m for m in means] + ["%+.3f" % (means[1] - means[0])])
    return ("N = %d, medians of %d seeds:\n\n" % (n, len(common))
            + table(["problem"] + [variants[name] for name in variants] + ["change of mean log10"], rows))


def prototype_table(results, known):
    """tpe without ADR 10 against its prototype's 60 seeds: how often have 60 of ours a median as low as its?"""
    rows, logs = [], []
    draws = numpy.random.default_rng(1)
    for problem in known:
        plain, now = (numpy.array([runs[100] for runs in results.runs.get((name, 1, problem.name), {}).values()])
                      for name in ("tpe-plain", "tpe-many"))
        if not len(plain) or not len(now):
            return ""
        quartiles = [numpy.quantile(regrets, [.25, .5, .75]) for regrets in (plain, now)]
        medians = numpy.median(draws.choice(plain, (4000, 60)), axis=1)
        logs.append([numpy.log10(q[1] / problem.expect[1]) for q in quartiles])
        rows.append([problem.name, "%s / %s / %s" % tuple(map(digits, problem.expect)),
                     "%s / %s / %s" % tuple(map(digits, quartiles[0])), "%.2f" % (10 ** logs[-1][0]),
                     "%.3f" % numpy.mean(medians <= problem.expect[1]),
                     "%s / %s / %s" % tuple(map(digits, quartiles[1])), "%.2f" % (10 ** logs[-1][1])])
    means = numpy.mean(logs, axis=0)
    rows.append(["mean log10 of ratios", "", "", "%+.3f" % means[0], "", "", "%+.3f" % means[1]])
    counts = [len(results.runs[(name, 1, known[0].name)]) for name in ("tpe-plain", "tpe-many")]
    return ("\n### Beside the prototype's figures, N = 100\n\n`tpe` was specified by a prototype, measured on 60 seeds. "
            "Without the two rules of [ADR 10](adr/0010-tpe-learns-within-a-branch-it-seldom-visits-and-leaves-a-basin-"
            "early.md) hopt should reproduce it. The share is that of 60 seeds, drawn from the %d without the rules, "
            "whose median is at most the prototype's: below .005 a real loss would be likely, above .995 a gain. "
            "Rows that hold two kinds of runs, solved ones and stuck ones, have wide medians. Now: %d seeds. Quartiles:\n\n"
            % tuple(counts)
            + table(["problem", "prototype", "without the rules", "to prototype", "share", "now", "to prototype"], rows))


def apart_table(results, seeds, n):
    """gp beside each peer that costs too much for all seeds: on that peer's own seeds. "" where there are none."""
    rows, lost = [], []
    found = [peer for peer in peers.PEERS if peer in peers.APART and any(key[:2] == (peer, 1) for key in results.runs)]
    logs = {peer: ([], []) for peer in found}
    for problem in results.problems():
        own = results.runs.get(("gp", 1, problem), {})
        usual = [results.regrets(peer, problem, n, [s for s in seeds if n in own.get(s, {})])
                 for peer in peers.PEERS if peer not in peers.APART]
        usual = [float(numpy.median(regrets)) for regrets in usual if len(regrets) > 4]
        best = {"the others": float(numpy.median(results.regrets("gp", problem, n, seeds))) / min(usual)} if usual else {}
        cells = []
        for peer in found:
            runs = results.runs.get((peer, 1, problem), {})
            common = [s for s in seeds if n in runs.get(s, {}) and n in own.get(s, {})]
            if not common:
                cells += ["-", "-"]
                continue
            ours, its = (results.regrets(name, problem, n, common) for name in ("gp", peer))
            logs[peer][0].append(mean_log(ours))
            logs[peer][1].append(mean_log(its))
            cells += [digits(numpy.median(ours)), "%s (%d)" % (digits(numpy.median(its)), len(common))]
            best[TITLES[peer]] = float(numpy.median(ours)) / max(float(numpy.median(its)), LEAST)
        if all(cell == "-" for cell in cells):
            continue
        worst = max(best, key=best.get)
        if best[worst] > 1:
            lost.append("%s %.3g (%s)" % (problem, best[worst], worst))
        rows.append([problem] + cells + ["%.2g" % best[worst] if best[worst] <= 1 else "**%.3g**" % best[worst]])
    if not rows:
        return ""
    means = []
    for peer in found:
        means += ["%.3f" % numpy.mean(part) if part else "-" for part in logs[peer]]
    text = table(["problem"] + [title for peer in found for title in ("gp", TITLES[peer] + " (seeds)")] + ["gp to the best peer"],
                 rows + [["mean log10 regret"] + means + [""]])
    return ("\nN = %d. `gp` is at or below every peer, those of the other tables included, on %d of %d rows; not on: %s.\n\n"
            % (n, len(rows) - len(lost), len(rows), ", ".join(lost) or "none") + text)


def cost_table(results, checkpoints):
    """CPU milliseconds of a suggestion, the mean over a run, the median over runs of all problems."""
    rows = []
    for sampler in ["tpe", "gp"] + list(peers.PEERS):
        cells = []
        for n in checkpoints:
            means = [run[n] / n for (name, k, _), runs in results.times.items() if (name, k) == (sampler, 1)
                     for run in runs.values() if n in run]
            cells.append("%.3g" % numpy.median(means) if means else "-")
        if any(cell != "-" for cell in cells):
            rows.append([TITLES[sampler]] + cells)
    return table(["CPU ms a suggestion, mean of a run"] + ["N = %d" % n for n in checkpoints], rows) if rows else ""


def plot_clock(results, seeds, path):
    """Mean log10 regret over wall-clock: N trials of so many seconds and the sampler's own time for them."""
    from matplotlib import pyplot

    names = [s for s in ["gp", "tpe"] + list(peers.PEERS) if any(key[:2] == (s, 1) for key in results.times)]
    problems_of = [p for p in results.problems()
                   if all(100 in results.times.get((s, 1, p), {}).get(seeds[0], {}) for s in names if s not in ("smac", "hebo"))]
    figure, axes = pyplot.subplots(1, 3, figsize=(13, 4), sharey=True)
    for axis, seconds in zip(axes, (.1, 1, 100)):
        for sampler in names:
            points = []
            for n in (25, 50, 75, 100):
                runs = [(results.runs[(sampler, 1, p)], results.times[(sampler, 1, p)]) for p in problems_of
                        if (sampler, 1, p) in results.times]
                done = [(r[s][n], t[s][n]) for r, t in runs for s in r if s in seeds and n in t.get(s, {})]
                if len(runs) == len(problems_of) and len({id(r) for r, t in runs if any(n in x for x in t.values())}) == len(runs):
                    points.append((n * seconds + numpy.mean([t for _, t in done]) / 1e3, mean_log([r for r, _ in done])))
            if points:
                axis.plot(*zip(*points), marker=".", label=TITLES[sampler], lw=2.2 if sampler in ("gp", "tpe") else 1.2)
        axis.set_title("trials of %g s" % seconds, fontsize=10)
        axis.set_xscale("log")
        axis.set_xlabel("seconds")
        axis.grid(alpha=.3, which="both")
    axes[0].set_ylabel("mean log10 regret, %d problems" % len(problems_of))
    axes[0].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(os.path.join(path, "quality-clock.png"), dpi=80)


def apart_section(results, seeds, pictures):
    tables = [apart_table(results, seeds, n) for n in (100, 50)]
    if not any(tables):
        return []
    return (["", "### Beside other model-based samplers", "",
             "Few seeds, whose number stands beside each cell; `gp` is on the same ones. With one or two a single row says "
             "little, the mean over all rows more. A column's mean is over its own rows. `run.sh --apart` runs SMAC3 (130 to 370 "
             "ms a suggestion) and HEBO (1.3 s) too, and the real tuning tasks of `tasks.py`: peers without a column have "
             "not been run to the end."]
            + tables + ["", cost_table(results, [50, 100]), ""]
            + (["![mean log10 regret over wall-clock](benchmarks/quality-clock.png)", ""] if pictures else []))


def ranks(values):
    """1 for the least; equal ones share the mean of their places."""
    order = numpy.argsort(values)
    out = numpy.empty(len(values))
    for value in set(values):
        places = [place + 1 for place, i in enumerate(order) if values[i] == value]
        out[[i for i in order if values[i] == value]] = numpy.mean(places)
    return out


def tasks_section(results, at):
    """Ranks on the real tasks: each run of a task and seed that all the compared samplers have done."""
    names = [s for s in list(peers.OWN) + list(peers.PEERS) if any(key[0] == s for key in results.runs)]
    runs = {s: {(p, seed): run for (name, _, p), seeds in results.runs.items() if name == s for seed, run in seeds.items()}
            for s in names}
    if not names:
        return []
    most = max(len(r) for r in runs.values())
    core = [s for s in names if s.startswith("hopt-") and s != "hopt-random" or len(runs[s]) > most / 2]
    out = []
    for group in (core, names):
        cells = sorted(key for key in runs[group[0]] if all(at[-1] in runs[s].get(key, {}) for s in group))
        if not cells or (group is names and set(names) == set(core)):
            continue
        rows = {s: [] for s in group}
        for n in at:
            all_ranks = numpy.array([ranks([runs[s][key][n] for s in group]) for key in cells]).mean(axis=0)
            for s, mean in zip(group, all_ranks):
                rows[s].append("%.2f" % mean)
        seeds = len({seed for _, seed in cells})
        out += ["", "Mean rank of %d samplers over %d runs (%d tasks, %d %s):" % (
            len(group), len(cells), len({p for p, _ in cells}), seeds, "seed" if seeds == 1 else "seeds"), "",
            table(["sampler"] + ["N = %d" % n for n in at],
                  [[TITLES[s]] + rows[s] for s in sorted(group, key=lambda s: float(rows[s][-1]))])]
        if group is core:
            out += ["Losses at N = %d, medians of the seeds:" % at[-1], "",
                    table(["task"] + [TITLES[s] for s in group],
                          [[p] + ["%.4g" % numpy.median([runs[s][key][at[-1]] for key in cells if key[0] == p]) for s in group]
                           for p in sorted({p for p, _ in cells})])]
    return ["", "### Real tuning tasks", "",
            "Models of scikit-learn on the data sets that it ships (`tests/bench/quality/tasks.py`), loss by cross-validation; "
            "`any` chooses the model too. A point's loss is always the same. Ranks at equal numbers of trials, 1 is best; "
            "equal losses share a rank."] + out if out else []


def versions():
    packages = ["hyperopt", "optuna", "rustuna", "numpy", "scipy"]
    found = ["%s %s" % (p, importlib.metadata.version(p)) for p in packages]
    return ", ".join(found) + ", Python " + sys.version.split()[0]


def axis_of_trials(axis, ticks):
    axis.set_xscale("log")
    axis.set_xticks(ticks, [str(n) for n in ticks])
    axis.minorticks_off()
    axis.grid(alpha=.3)


def plot_problems(comparison, checkpoints, path):
    from matplotlib import pyplot

    names = comparison.problems(checkpoints[0])
    figure, axes = pyplot.subplots(6, 5, figsize=(13, 14))
    for axis, problem in zip(axes.flat, names):
        for sampler in SAMPLERS:
            if sampler in peers.TREES_ONLY and (sampler, 1, problem) not in comparison.results.runs:
                continue
            points = [(n, max(comparison.median(sampler, problem, n), LEAST)) for n in checkpoints
                      if len(comparison.regrets(sampler, problem, n))
                      and (sampler != peers.SLOW or n <= peers.SLOW_LIMIT)]
            if points:
                axis.plot(*zip(*points), color=COLORS[sampler], lw=2 if sampler == "tpe" else 1.1)
        axis.set_title(problem, fontsize=9)
        axis.set_yscale("log")
        axis.tick_params(labelsize=7)
        axis_of_trials(axis, [50, 100, 200, 400])
    for axis in list(axes.flat)[len(names):]:
        axis.axis("off")
    lines = [pyplot.Line2D([], [], color=COLORS[s], lw=2) for s in SAMPLERS]
    list(axes.flat)[-1].legend(lines, [TITLES[s] for s in SAMPLERS], loc="center", fontsize=9, frameon=False)
    figure.supxlabel("trials", fontsize=10)
    figure.supylabel("median regret of the incumbent", fontsize=10)
    figure.tight_layout()
    figure.savefig(os.path.join(path, "quality-problems.png"), dpi=70)


def plot_means(comparison, checkpoints, path):
    from matplotlib import pyplot

    figure, axis = pyplot.subplots(figsize=(6.4, 4))
    for sampler in SAMPLERS:
        points = [(n, comparison.mean(sampler, n)) for n in checkpoints if sampler in comparison.samplers(n)
                  and (sampler != peers.SLOW or n <= peers.SLOW_LIMIT)]
        if points:
            axis.plot(*zip(*points), color=COLORS[sampler], lw=2.2 if sampler == "tpe" else 1.3, marker=".",
                      label=TITLES[sampler])
    axis_of_trials(axis, [25, 50, 100, 200, 400])
    axis.set_xlabel("trials")
    axis.set_ylabel("mean log10 regret, %d problems" % len(comparison.problems(checkpoints[0])))
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


def serial_section(comparison, name, checkpoints, pictures):
    present = [n for n in checkpoints if comparison.problems(n)]
    if not present:
        return []
    out = ["", "### Serial, %s seeds: %s" % (name, spell(comparison.wanted)), "", summary_table(comparison, present),
           "", "Mean log10 regret:", "", mean_table(comparison, present)]
    if pictures:
        out += ["", "![mean log10 regret over trials](benchmarks/quality-mean.png)", "",
                "![median regret over trials, each problem](benchmarks/quality-problems.png)"]
    for n in sorted(present, key=lambda n: (n != 100, n)):
        out += ["", "N = %d, medians of %s seeds; the best peer's in bold:" % (n, comparison.counts(n)), "",
                wide_table(comparison, n)]
    return out


def variant_section(results, title, text, variants, seeds, checkpoints):
    tables = [variant_table(results, variants, seeds, n) for n in checkpoints]
    return ["", "### " + title, "", text, ""] + tables if any(tables) else []


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", help="recorded runs")
    parser.add_argument("--bin", required=True, help="folder with libbench_problems.so")
    parser.add_argument("--development", type=numbers, default="0-9", help="seeds that choices were made by")
    parser.add_argument("--report", type=numbers, default="100-119", help="seeds that were not looked at for that")
    parser.add_argument("--at", type=numbers, default="50,100,200,400")
    parser.add_argument("--tasks", nargs="*", default=[], help="recorded runs of the real tasks")
    parser.add_argument("--commit", default="unknown")
    parser.add_argument("--write", metavar="DOCS", help="folder of benchmarks.md")
    return parser.parse_args()


def read_about():
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "about.md")) as file:
        return file.read()


def put(text, path):
    """Between the marks of the file; a new file when there is none."""
    before, after = "# Benchmarks\n\n", ""
    if os.path.exists(path):
        with open(path) as file:
            before, mark, rest = file.read().partition(BEGIN)
        after = rest.partition(END)[2].lstrip("\n") if mark else ""
        if not mark:
            before = before.rstrip("\n") + "\n\n"
    with open(path, "w") as file:
        file.write(before + text + ("\n" + after if after else ""))


def main():
    options = read_options()
    results = Results(options.files)
    report, development = Comparison(results, options.report), Comparison(results, options.development)
    out = [BEGIN, "## Regret", "", read_about(), "Commit %s; %s." % (options.commit, versions())]
    out += serial_section(report, "report", options.at, options.write)
    out += apart_section(results, options.report, options.write)
    out += tasks_section(Results(options.tasks), [10, 20, 30, 40, 50])
    out += serial_section(development, "development", options.at, None)
    out += [batch_section(results, options.report, 10, 200), batch_section(results, options.report, 100, 1000)]
    out += variant_section(results, "Coordinate jumps and branch minima after 100 trials",
                           "What they bring, on the report seeds and the development seeds together.",
                           {"tpe-early": "without", "tpe": "with"}, options.report + options.development, [200, 400])
    out += variant_section(results, "What thinning the history costs",
                           "Beyond 3,000 trials `tpe` keeps 2,000 of those that are not among the best.",
                           {"tpe-whole": "whole history", "tpe-thin": "thinned"}, options.report, [5000, 10000])
    out += [prototype_table(results, problems.load(options.bin)), END]
    text = "\n".join(out) + "\n"
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    if not options.write:
        print(text)
        return
    import matplotlib

    matplotlib.use("Agg")
    pictures = os.path.join(options.write, "benchmarks")
    os.makedirs(pictures, exist_ok=True)
    checkpoints = [n for n in (25, 50, 75, 100, 150, 200, 300, 400) if report.problems(n)]
    if checkpoints:
        plot_problems(report, checkpoints, pictures)
        plot_means(report, checkpoints, pictures)
    if results.times:
        plot_clock(results, options.report, pictures)
    write_quartiles(results, [("report", options.report), ("development", options.development)], pictures)
    put(text, os.path.join(options.write, "benchmarks.md"))


if __name__ == "__main__":
    main()
