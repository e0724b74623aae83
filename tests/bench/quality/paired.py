"""Two samplers on the same seeds: the mean difference of log10 regret, with its standard error over the pairs.

  paired.py OLD.csv NEW.csv [--at 50,100] [--problems NAME,...] [--rows]

The files are what bench_quality --raw and peers_run.py write. FILE:NAME picks a sampler, FILE:NAME:K with K in flight,
where a file has several.
"""
import argparse
import csv
import math
import statistics

LEAST = 1e-12  # as results.py has it; nothing but Python is needed here


def load(where):
    path, name, in_flight = (where.split(":") + ["", ""])[:3]
    runs = {}
    with open(path, newline="") as file:
        for sampler, k, problem, seed, regrets in csv.reader(file):
            if sampler == "sampler" or name not in ("", sampler) or in_flight not in ("", k):
                continue
            for pair in regrets.split():
                n, value = pair.split("=")
                if not n.startswith("t"):
                    runs[problem, int(seed), int(n)] = math.log10(max(float(value), LEAST))
    return runs


def mean_and_error(values):
    error = statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return statistics.fmean(values), error


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--at")
    parser.add_argument("--problems")
    parser.add_argument("--rows", action="store_true", help="a line for each problem, too")
    options = parser.parse_args()
    old, new = load(options.old), load(options.new)
    both = [key for key in old if key in new and (not options.problems or key[0] in options.problems.split(","))]
    numbers = [int(n) for n in options.at.split(",")] if options.at else sorted({n for _, _, n in both})
    for n in numbers:
        keys = [key for key in both if key[2] == n]
        if not keys:
            continue
        change, error = mean_and_error([new[key] - old[key] for key in keys])
        print("N=%d: old %.3f new %.3f change %+.3f (%.3f), %d pairs" % (
            n, statistics.fmean(old[key] for key in keys), statistics.fmean(new[key] for key in keys), change, error, len(keys)))
        for problem in dict.fromkeys(key[0] for key in keys) if options.rows else []:
            pairs = [(old[key], new[key]) for key in keys if key[0] == problem]
            print("  %-16s %7.3f %7.3f  %+.3f (%.3f)" % (problem, *map(statistics.fmean, zip(*pairs)),
                                                       *mean_and_error([b - a for a, b in pairs])))


if __name__ == "__main__":
    main()
