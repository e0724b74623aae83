"""Tables of the peers that cost too much for all seeds, and of the real tuning tasks."""
import numpy

import peers
from comparison import TITLES, digits, table
from results import LEAST, mean_log


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


def apart_section(results, seeds, pictures):
    tables = [apart_table(results, seeds, n) for n in (100, 50)]
    if not any(tables):
        return []
    return (["", "### Beside other model-based samplers", "",
             "Few seeds, whose number stands beside each cell; `gp` is on the same ones. With one or two a single row says "
             "little, the mean over all rows more. A column's mean is over its own rows. HEBO, at a second a suggestion, was run "
             "to N = 50; on CASH and cond5299 it ends with a NaN of its own. Where a choice is conditional CmaEsSampler draws "
             "at random, and HEBO gets all parameters always."]
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


def rank_table(runs, group, cells, at):
    """Mean ranks, and how often hopt's gp is better and worse than each at the last N."""
    places = {n: numpy.array([ranks([runs[s][key][n] for s in group]) for key in cells]) for n in at}
    error = places[at[-1]].std(axis=0, ddof=1).mean() / len(cells) ** .5 if len(cells) > 1 else 0
    rows = []
    for i in numpy.argsort(places[at[-1]].mean(axis=0)):
        pairs = [(runs["hopt-gp"][key][at[-1]], runs[group[i]][key][at[-1]]) for key in cells]
        against = "%d, %d" % (sum(a < b for a, b in pairs), sum(a > b for a, b in pairs))
        rows.append([TITLES[group[i]]] + ["%.2f" % places[n][:, i].mean() for n in at]
                    + ["" if group[i] == "hopt-gp" else against])
    seeds = len({seed for _, seed in cells})
    return ["", "Mean rank of %d samplers over %d runs (%d tasks, %d %s), with a standard error of about %.2f; last, in how many "
            "of them `gp` is better and worse than this one at N = %d:"
            % (len(group), len(cells), len({p for p, _ in cells}), seeds, "seed" if seeds == 1 else "seeds", error, at[-1]), "",
            table(["sampler"] + ["N = %d" % n for n in at] + ["gp better, worse"], rows)]


def loss_table(runs, group, cells, n):
    tasks = sorted({p for p, _ in cells})
    medians = {p: [numpy.median([runs[s][key][n] for key in cells if key[0] == p]) for s in group] for p in tasks}
    return ["Losses at N = %d, medians of the seeds:" % n, "",
            table(["task"] + [TITLES[s] for s in group], [[p] + ["%.4g" % m for m in medians[p]] for p in tasks])]


def tasks_section(results, at):
    """The real tasks: each run of a task and seed that all the compared samplers have done."""
    names = [s for s in list(peers.OWN) + list(peers.PEERS) if any(key[0] == s for key in results.runs)]
    runs = {s: {(p, seed): run for (name, _, p), seeds in results.runs.items() if name == s for seed, run in seeds.items()}
            for s in names}
    if "hopt-gp" not in names:
        return []
    most = max(len(r) for r in runs.values())
    core = [s for s in names if s.startswith("hopt-") and s != "hopt-random" or len(runs[s]) >= .9 * most]
    out = []
    for group in [core] + ([names] if names != core else []):
        cells = sorted(key for key in runs[group[0]] if all(at[-1] in runs[s].get(key, {}) for s in group))
        if not cells:
            continue
        out += rank_table(runs, group, cells, at)
        if group is core:
            out += loss_table(runs, group, cells, at[-1])
    return ["", "### Real tuning tasks", "",
            "Models of scikit-learn on the data sets that it ships (`tests/bench/quality/tasks.py`), loss by cross-validation; "
            "`any` chooses the model too. A point's loss is always the same. Ranks at equal numbers of trials, 1 is best; "
            "equal losses share a rank. Where the loss is an error rate (svm, kernels, any) the last ranks hang on one sample of "
            "178 to 569."] + out if out else []
