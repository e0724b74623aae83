#!/usr/bin/env python3
"""table.py FILE: the lines of bench_suggest and peers.py as tables in Markdown, ratios last."""
import collections
import sys

CELLS = [(5, 1000), (5, 10000), (20, 1000), (20, 10000)]
GOALS = {  # milliseconds for the four cells
    "hopt tpe": [0.03, 0.06, 0.06, 0.10],
    "hopt hyperopt": [0.1, 0.5, 0.4, 2.0],
}
MILLION = 1000000


def read(path):
    """{part: {(who, space): {(d, n): numbers}}}"""
    seen = collections.defaultdict(lambda: collections.defaultdict(dict))
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            part, who, space, d, n, *numbers = line.rstrip("\n").split("\t")
            seen[part][who, space][int(d), int(n)] = [float(x) for x in numbers]
    return seen


def short(x):
    if x is None:
        return "-"
    return f"{x:,.0f}" if x >= 99.5 else f"{x:.2g}" if x < 1 else f"{x:.3g}"


def times(a, b):
    return f"{a / b:,.0f}x" if a and b else "-"


def row(*cells):
    print("| " + " | ".join(cells) + " |")


def head(*cells):
    row(*cells)
    print("|" + "---|" * len(cells))


def number(numbers, i):
    return numbers[i] if numbers and len(numbers) > i else None


def grid(title, rows, show):
    rows = {key: cells for key, cells in rows.items() if key[0].startswith("hopt")}
    cells = sorted({cell for cells in rows.values() for cell in cells if cell[1] < MILLION})
    print(f"\n{title}\n")
    head("", *(f"d{d} N{n:,}" for d, n in cells))
    for (who, space), seen in rows.items():
        row(f"{who}, {space}", *(show(seen.get(cell)) for cell in cells))


def side_by_side(suggest):
    """Milliseconds of all, goals, ratios, at the four cells of the goals."""
    flat = {who: [number(cells.get(cell), 0) for cell in CELLS]
            for (who, space), cells in suggest.items() if space == "flat"}
    print("\nMedian milliseconds of one suggestion, flat spaces; goals, and ratios of medians\n")
    head("", *(f"d{d} N{n:,}" for d, n in CELLS))
    for who, us in sorted(flat.items(), key=lambda item: item[0].startswith("hopt")):
        row(who, *(short(x and x / 1e3) for x in us))
    for who, goals in GOALS.items():
        met = [f"{goal} {'met' if x is not None and x <= 1e3 * goal else 'MISSED'}"
               for goal, x in zip(goals, flat.get(who, [None] * 4))]
        row(f"goal of {who}", *met)
    for who, us in flat.items():
        for ours in GOALS:
            fair = who.startswith("hyperopt") or ours == "hopt tpe"
            if who.startswith("hopt") or not fair or ours not in flat:
                continue
            row(f"{who} / {ours}", *(times(a, b) for a, b in zip(us, flat[ours])))


def main():
    seen = read(sys.argv[1])
    suggest = seen["suggest"]
    grid("Microseconds of one suggestion: median (95 of 100 are below)", suggest,
         lambda t: f"{short(number(t, 0))} ({short(number(t, 1))})")
    grid("Microseconds to announce a trial and to add its result: median (95 of 100 are below)",
         suggest, lambda t: f"{short(number(t, 2))} ({short(number(t, 3))})")
    grid("Bytes for each trial and parameter", seen["memory"], lambda t: short(number(t, 0)))

    odd = seen["odd"]
    print("\nOdd input, 1,000 trials of 20 parameters: microseconds of one suggestion: median\n")
    ours = list(dict.fromkeys(who for who, _ in odd))
    head("", *ours)
    for name in dict.fromkeys(space for _, space in odd):
        row(name, *(short(next(iter(odd[who, name].values()))[0]) for who in ours))

    print("\nOther measurements\n")
    head("", "measured", "goal")
    loops = {who: cells[40, 1000][0] for (who, _), cells in seen["loop"].items()}
    for who, seconds in loops.items():
        row(f"{who}: 1,000 trials at 40 parameters from nothing, s", short(seconds),
            "0.12" if who == "hopt tpe" else "")
    for (who, space), cells in suggest.items():
        t = cells.get((20, MILLION))
        if not t:
            continue
        goal = who == "hopt tpe"
        say = f"{who}: 1,000,000 trials at 20 parameters, "
        row(say + "load, s", short(seen["load"][who, space][20, MILLION][0]), "")
        row(say + "a suggestion, us", short(t[0]), "200" if goal else "")
        row(say + "a trial announced and its result added, us", short(t[2]), "10" if goal else "")
        row(say + "bytes for each trial and parameter",
            short(seen["memory"][who, space][20, MILLION][0]), "")
    for (who, _), cells in seen["peak"].items():
        for (d, n), (serial, many) in cells.items():
            row(f"{who}: greatest memory at {n} trials of {d} parameters, and with as many that run, MB",
                f"{short(serial)}, {short(many)}", "20" if who == "hopt gp" else "")
    if "hopt tpe" in loops:
        for who, seconds in loops.items():
            if not who.startswith("hopt"):
                row(f"{who} / hopt tpe, that loop", times(seconds, loops["hopt tpe"]), "")
    side_by_side(suggest)


main()
