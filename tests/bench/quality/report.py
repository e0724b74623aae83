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
import plots
import problems
from apart import apart_section, tasks_section
from comparison import SAMPLERS, TITLES, Comparison, digits, table
from peers_run import numbers
from results import Results, mean_log

BEGIN, END = "<!-- quality: written by tests/bench/quality/report.py -->", "<!-- quality: end -->"


def shown(ratio):
    return "%.2g" % ratio if ratio <= 1 else "**%.3g**" % ratio


def quartiles(comparison, sampler, problem, n):
    return "%s / **%s** / %s" % tuple(map(digits, numpy.quantile(comparison.regrets(sampler, problem, n), [.25, .5, .75])))


def wide_table(comparison, n):
    ours = comparison.ours(n)
    others = [s for s in comparison.samplers(n) if s not in ours]
    rows = []
    for problem in comparison.problems(n):
        who = comparison.best_peer(problem, n)[1]
        row = [problem] + [quartiles(comparison, s, problem, n) for s in ours]
        for sampler in others:
            text = digits(comparison.median(sampler, problem, n))
            row.append("**%s**" % text if sampler == who else text)
        rows.append(row + [shown(comparison.ratio(s, problem, n)) for s in ours])
    return table(["problem"] + ["%s: q25 / median / q75" % TITLES[s] for s in ours] + [TITLES[s] for s in others]
                 + ["%s to best peer" % s for s in ours], rows)


def summary_table(comparison, checkpoints):
    rows = []
    for n in checkpoints:
        for sampler in comparison.ours(n) if comparison.problems(n) else []:
            ratios = {problem: comparison.ratio(sampler, problem, n) for problem in comparison.problems(n)}
            worst = max(ratios, key=ratios.get)
            rows.append([TITLES[sampler], str(n), comparison.counts(n),
                         "%d of %d" % (sum(r <= 1 for r in ratios.values()), len(ratios)),
                         "%.2f (%s)" % (ratios[worst], worst),
                         ", ".join("%s %.2f" % (p, r) for p, r in ratios.items() if r > 1.3) or "none"])
    return table(["", "N", "seeds", "rows at or below the best peer", "worst ratio to the best peer", "rows above 1.3"], rows)


def mean_table(comparison, checkpoints):
    rows = []
    for n in checkpoints:
        if not comparison.problems(n):
            continue
        means = {s: comparison.mean(s, n) for s in comparison.samplers(n)}
        best = min(m for s, m in means.items() if s in comparison.peers(n))
        rows.append([str(n)] + ["%.3f" % means[s] if s in means else "-" for s in SAMPLERS]
                    + ["%+.3f" % (means[s] - best) if s in means else "-" for s in ("gp", "tpe")])
    return table(["N"] + [TITLES[s] for s in SAMPLERS] + ["gp less best peer", "tpe less best peer"], rows)


def batch_section(results, seeds, in_flight, n):
    """What proposing many at a time costs, and the peers beside it."""
    together, serial = Comparison(results, seeds, in_flight), Comparison(results, seeds)
    out = ""
    for sampler in ("gp", "tpe"):
        pairs = [[runs.runs(sampler, problem) for runs in (serial, together)] for problem in results.problems()]
        pairs = [[[runs[s][n] for s in seeds if n in alone.get(s, {}) and n in batch.get(s, {})] for runs in (alone, batch)]
                 for alone, batch in pairs]
        if all(alone for alone, _ in pairs):
            means = [float(numpy.mean([mean_log(pair[k]) for pair in pairs])) for k in (0, 1)]
            out += ("\n`%s` alone, all %d problems, %d seeds: mean log10 regret %.3f, serially %.3f; the batch costs %+.3f.\n"
                    % (sampler, len(pairs), min(len(alone) for alone, _ in pairs), means[1], means[0], means[1] - means[0]))
    if out:
        out = "\n### %d trials in flight, N = %d\n%s" % (in_flight, n, out)
    problems_of = together.problems(n) if together.all else []
    return out + (batch_table(together, problems_of, n) if problems_of else "")


def batch_table(together, problems_of, n):
    ours = together.ours(n)
    rows = [[problem] + [quartiles(together, s, problem, n) for s in ours]
            + [digits(together.median(peer, problem, n)) for peer in together.all]
            + [shown(together.ratio(s, problem, n)) for s in ours] for problem in problems_of]
    means = {s: together.mean(s, n) for s in ours + together.all}
    best = min(means[peer] for peer in together.all)
    rows.append(["mean log10 regret"] + ["%.3f" % means[s] for s in ours + together.all]
                + ["%+.3f" % (means[s] - best) for s in ours])
    won = ["`%s` on %d" % (s, sum(together.ratio(s, problem, n) <= 1 for problem in problems_of)) for s in ours]
    return ("\nBeside peers, whose runs are fewer (%s a cell), at or below the best one of %d rows: %s. Medians; the last row: "
            "means of log10, and differences of them.\n\n" % (together.counts(n), len(problems_of), ", ".join(won))
            + table(["problem"] + ["%s: q25 / median / q75" % s for s in ours] + [TITLES[p] for p in together.all]
                    + ["%s to best peer" % s for s in ours], rows))


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


def versions():
    packages = ["hyperopt", "optuna", "rustuna", "numpy", "scipy"]
    found = ["%s %s" % (p, importlib.metadata.version(p)) for p in packages]
    return ", ".join(found) + ", Python " + sys.version.split()[0]


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
    out += [prototype_table(results, [p for p in problems.load(options.bin) if not p.is_large]), END]
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
        plots.plot_problems(report, checkpoints, pictures)
        plots.plot_means(report, checkpoints, pictures)
    if results.times:
        plots.plot_clock(results, options.report, pictures)
    write_quartiles(results, [("report", options.report), ("development", options.development)], pictures)
    put(text, os.path.join(options.write, "benchmarks.md"))


if __name__ == "__main__":
    main()
