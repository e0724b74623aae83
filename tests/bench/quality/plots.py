"""The plots of docs/benchmarks/ that report.py makes. Loads matplotlib when it is needed only."""
import os

import numpy

import peers
from comparison import COLORS, SAMPLERS, TITLES
from results import LEAST, mean_log


def axis_of_trials(axis, ticks):
    axis.set_xscale("log")
    axis.set_xticks(ticks, ["%g" % n for n in ticks])
    axis.minorticks_off()
    axis.grid(alpha=.3)


def timed(results, sampler, problem, seeds, n):
    """(regret, milliseconds of the sampler) after n trials, of the runs that have both."""
    regrets, times = (kept.get((sampler, 1, problem), {}) for kept in (results.runs, results.times))
    return [(regrets[s][n], times[s][n]) for s in seeds if n in times.get(s, {})]


def plot_clock(results, seeds, path):
    """Mean log10 regret over wall-clock: N trials of so many seconds and the sampler's own time for them."""
    from matplotlib import pyplot

    names = [s for s in ["gp", "tpe"] + list(peers.PEERS) if any(key[:2] == (s, 1) for key in results.times)]
    problems_of = [p for p in results.problems()
                   if all(100 in results.times.get((s, 1, p), {}).get(seeds[0], {}) for s in names if s not in ("smac", "hebo"))]
    figure, axes = pyplot.subplots(1, 3, figsize=(14.5, 4), sharey=True)
    for axis, seconds in zip(axes, (.1, 1, 100)):
        for sampler in names:
            points = []
            for n in (25, 50, 75, 100):
                done = [timed(results, sampler, p, seeds, n) for p in problems_of]
                if all(done):
                    regrets, times = zip(*sum(done, []))
                    points.append((n * seconds + numpy.mean(times) / 1e3, mean_log(regrets)))
            if points:
                axis.plot(*zip(*points), marker=".", label=TITLES[sampler], lw=2.2 if sampler in ("gp", "tpe") else 1.2)
        axis.set_title("trials of %g s" % seconds, fontsize=10)
        axis_of_trials(axis, [n * seconds for n in (25, 50, 100, 200)])
        axis.set_xlabel("seconds")
    axes[0].set_ylabel("mean log10 regret, %d problems" % len(problems_of))
    axes[-1].legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1))
    figure.tight_layout()
    figure.savefig(os.path.join(path, "quality-clock.png"), dpi=80)


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
                axis.plot(*zip(*points), color=COLORS[sampler], lw=2 if sampler in ("gp", "tpe") else 1.1)
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
            axis.plot(*zip(*points), color=COLORS[sampler], lw=2.2 if sampler in ("gp", "tpe") else 1.3, marker=".",
                      label=TITLES[sampler])
    axis_of_trials(axis, [25, 50, 100, 200, 400])
    axis.set_xlabel("trials")
    axis.set_ylabel("mean log10 regret, %d problems" % len(comparison.problems(checkpoints[0])))
    axis.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(os.path.join(path, "quality-mean.png"), dpi=90)
