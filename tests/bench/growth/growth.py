#!/usr/bin/env python3
"""What the commands cost as a study grows: growth.py BIN [TRIALS...] [--svg FILE].

For each number of ended trials a SQLite store is filled and every command is run on it: wall time
(the better of two runs), CPU time and greatest resident memory of the command. A last line a command
says how the cost grew from the first size to the last: the slope of log cost over log trials, 0 for a
cost that does not grow, 1 for a cost that grows as the trials do. Standard library only.
"""
import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time

STUDY = {
    "name": "grown",
    "space": {
        "a": {"_type": "uniform", "_value": [-5, 5]},
        "b": {"_type": "loguniform", "_value": [1e-4, 10]},
        "model": {"_type": "choice", "_value": [
            {"_name": "svm", "c": {"_type": "loguniform", "_value": [0.01, 100]}},
            {"_name": "knn", "k": {"_type": "uniformint", "_value": [1, 30]}}]},
    },
    "objective": {"command": ["echo", "{a}"]},
    "stop": {"max_trials": 1000000},
    "sampler": {"name": "tpe", "seed": 1},
}


def commands(bin_, n):
    hopt = os.path.join(bin_, "hopt")
    return [
        ("study show", [hopt, "study", "show", "grown"]),
        ("trials list", [hopt, "trials", "list", "grown"]),
        ("trials list --sort loss", [hopt, "trials", "list", "grown", "--sort", "loss", "--limit", "20"]),
        ("trials show", [hopt, "trials", "show", str(n - 1), "--json"]),
        ("best", [hopt, "best", "grown"]),
        ("doctor", [hopt, "doctor"]),
        ("export", [hopt, "export", "grown", "-o", "all.jsonl"]),
        ("run, 20 more", [hopt, "run", "study.json", "-q", "--set", f"stop.max_trials={n + 20}"]),
    ]


def measure(argv, folder, store):
    """Wall seconds, CPU seconds, resident megabytes of one command."""
    env = dict(os.environ, HOPT_STORE=store)
    with open(os.path.join(folder, "out.txt"), "wb") as out:
        began = time.monotonic()
        child = subprocess.Popen(argv, cwd=folder, env=env, stdout=out, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - began
    if child.returncode not in (0, 1):
        with open(os.path.join(folder, "out.txt"), encoding="utf-8", errors="replace") as out:
            sys.exit(f"{' '.join(argv)}: exit {child.returncode}: {out.read()[-300:]}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def grow(bin_, n, folder):
    """A store with n ended trials; its size in megabytes."""
    store = f"sqlite:{folder}/grown.hopt.db"
    with open(os.path.join(folder, "study.json"), "w", encoding="utf-8") as file:
        json.dump(STUDY, file)
    subprocess.run([os.path.join(bin_, "hopt"), "study", "create", "study.json", "-q", "--store", store],
                   cwd=folder, check=True)
    subprocess.run([os.path.join(bin_, "bench_scale"), "fill", store, "grown", str(n)], check=True)
    return store, os.path.getsize(os.path.join(folder, "grown.hopt.db")) / 1e6


def slope(sizes, values):
    if len(sizes) < 2 or min(values) <= 0:
        return float("nan")
    return math.log(values[-1] / values[0]) / math.log(sizes[-1] / sizes[0])


def print_table(rows, sizes, files):
    print("trials in the study:".ljust(26) + "".join(f"{n:>22,}" for n in sizes))
    print("the file, MB".ljust(26) + "".join(f"{mb:>22.1f}" for mb in files))
    for name, cells in rows.items():
        print(name.ljust(26) + "".join(f"{w * 1e3:>11.0f} ms {mb:>5.0f} MB" for w, _, mb in cells)
              + f"   time ~ n^{slope(sizes, [w for w, _, _ in cells]):.2f}"
              + f", memory ~ n^{slope(sizes, [mb for _, _, mb in cells]):.2f}")


def plot(path, rows, sizes):
    """Both costs over the number of trials, logarithmic axes, as SVG."""
    colours = ["#1668b3", "#c8102e", "#2a8a3c", "#8a4fbf", "#d98200", "#008b8b", "#7a5230", "#555555"]
    wide, high, left, top = 420, 300, 60, 40
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="1120" height="420" font-family="sans-serif" '
           'font-size="12"><rect width="1120" height="420" fill="#fff"/>']
    for panel, (title, index, unit) in enumerate([("time", 0, 1e3), ("memory", 2, 1)]):
        x0 = left + panel * (wide + 80)
        values = [cell[index] * unit for cells in rows.values() for cell in cells]
        low, top_value = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))

        def at(n, value):
            across = (math.log10(n) - math.log10(sizes[0])) / max(1e-9, math.log10(sizes[-1] / sizes[0]))
            up = (math.log10(value) - low) / max(1, top_value - low)
            return x0 + across * wide, top + high - up * high

        for decade in range(low, top_value + 1):
            _, y = at(sizes[0], 10 ** decade)
            out.append(f'<line x1="{x0}" x2="{x0 + wide}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
                       f'<text x="{x0 - 6}" y="{y + 4:.1f}" text-anchor="end">{10 ** decade:g}</text>')
        for n in sizes:
            x, _ = at(n, 10 ** low)
            out.append(f'<text x="{x:.1f}" y="{top + high + 18}" text-anchor="middle">{n:,}</text>')
        out.append(f'<text x="{x0}" y="{top - 14}" font-weight="bold">{title}, '
                   f'{"milliseconds" if index == 0 else "megabytes"}, over trials in the study</text>')
        for colour, (name, cells) in zip(colours, rows.items()):
            points = " ".join("%.1f,%.1f" % at(n, cell[index] * unit) for n, cell in zip(sizes, cells))
            out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
    for i, (colour, name) in enumerate(zip(colours, rows)):
        x, y = left + (i % 4) * 240, 385 + (i // 4) * 20
        out.append(f'<rect x="{x}" y="{y - 9}" width="14" height="4" fill="{colour}"/>'
                   f'<text x="{x + 20}" y="{y - 3}">{name}</text>')
    out.append("</svg>\n")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(out))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin")
    parser.add_argument("trials", type=int, nargs="*", default=[1000, 10000, 100000])
    parser.add_argument("--svg")
    args = parser.parse_args()
    rows, files = {}, []
    for n in args.trials:
        folder = tempfile.mkdtemp(prefix="hopt-growth.")
        try:
            store, size = grow(args.bin, n, folder)
            files.append(size)
            for name, argv in commands(args.bin, n):
                runs = [measure(argv, folder, store) for _ in range(1 if "more" in name else 2)]
                rows.setdefault(name, []).append(min(runs))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    print_table(rows, args.trials, files)
    if args.svg:
        plot(args.svg, rows, args.trials)


if __name__ == "__main__":
    main()
