"""The objective of fmin_runs.py: a server for hopt, a function for Python's fmin. Only + - * / and
comparisons, so both get the same loss to the last bit. Standard library only."""
import os
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples",
                                "python-server"))


def parts(value, path=""):
    """(path, number) of all numbers in the resolved parameters, in an order of their own."""
    if isinstance(value, dict):
        for key in sorted(value):
            yield from parts(value[key], f"{path}/{key}")
    elif isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            yield from parts(item, f"{path}/{i}")
    elif isinstance(value, str):
        yield path, float(len(value))
    elif value is not None:
        yield path, float(value)


def loss_of(params):
    """None where these parameters have no result."""
    total = 0.0
    for path, x in parts(params):
        centre = zlib.crc32(path.encode()) % 1000 / 125.0 - 4.0
        away = x - centre
        total += away * away / (1.0 + abs(away) * 0.125)
        if path.endswith("/may_fail") and x > 3.5:
            return None
    return total


if __name__ == "__main__":
    import hopt_objective as hopt

    def objective(trial):
        loss = loss_of(trial.params)
        if loss is None:
            raise hopt.Fail("too large")
        return loss

    hopt.serve(objective)
