"""What the tests of the Python package share."""
import json

from hopt import _library

try:
    import numpy as np

    has_numpy = True
except ImportError:
    np, has_numpy = None, False


def libhopt_takes(test, space):
    """libhopt reads the space, has its parameters, and draws points of it."""
    handle, text = _library.new_handle(), _library.new_handle()
    study = '{"name": "test", "space": %s, "sampler": {"name": "random"}}' % space.text
    _library.check("hopt_suggester_open", _library.byref(handle), study.encode(), 1)
    _library.check("hopt_suggester_suggest", handle, 7, 0, _library.byref(text))
    vals = json.loads(_library.taken_text(text))
    _library.plain("hopt_suggester_close", handle)
    test.assertEqual(set(space.outer(vals)), set(space.parameters))


def seeded(n):
    """What fmin's rstate is: a generator where there is numpy, else its seed."""
    return np.random.default_rng(n) if has_numpy else n


def values(trials):
    """Every trial's values, as plain numbers."""
    return [{label: [float(v) for v in value] for label, value in trial["misc"]["vals"].items()}
            for trial in trials.trials]
