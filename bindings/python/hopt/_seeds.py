"""The seeds of proposals. hyperopt's fmin draws one for each call of the algorithm from the user's
generator; so do we, and the same generator gives the same seeds.

Where numpy is missing, `rstate` is an integer, and libhopt's own copy of numpy's generator is used.
"""
import json
import os
import random
import time

from . import _library
from .pyll.base import np

SEED_LIMIT = 2**31 - 1


class Seeds:
    """draw() gives the next seed. `study` is the number that the generator was made of, where that can
    be told and nothing was drawn from it yet: what hopt calls the study's seed."""

    def __init__(self, rstate=None):
        if rstate is None:
            rstate = os.environ.get("HYPEROPT_FMIN_SEED") or None
        if isinstance(rstate, str):
            rstate = int(rstate)
        self.given = rstate is not None
        self.study = rstate if isinstance(rstate, int) else None
        if hasattr(rstate, "integers"):
            self.study = _seed_of(rstate)
            self._draw = lambda: int(rstate.integers(SEED_LIMIT))
        elif hasattr(rstate, "randint"):  # numpy's old RandomState
            self._draw = lambda: int(rstate.randint(SEED_LIMIT))
        elif np is not None:
            generator = np.random.default_rng(rstate)
            self._draw = lambda: int(generator.integers(SEED_LIMIT))
        elif rstate is None:
            generator = random.Random(time.time_ns() ^ os.getpid())
            self._draw = lambda: generator.randrange(SEED_LIMIT)
        else:
            self._draw = _NumpySeeds(int(rstate)).draw

    def draw(self):
        return self._draw()

    # A custom algorithm may get this in place of a generator.
    def integers(self, *args):
        return self.draw()


def _seed_of(generator):
    """n of a fresh default_rng(n), else None."""
    bits = getattr(generator, "bit_generator", None)
    sequence = getattr(bits, "seed_seq", getattr(bits, "_seed_seq", None))
    seed = getattr(sequence, "entropy", None)
    if not isinstance(seed, int) or not 0 <= seed < 2**63:
        return None
    try:
        fresh = type(bits)(seed).state == bits.state
    except Exception:
        return None
    return seed if fresh and type(bits).__name__ == "PCG64" else None


class _NumpySeeds:
    """default_rng(n).integers(2**31 - 1), by the library."""

    def __init__(self, seed):
        text = {"name": "seeds", "space": {"x": {"_type": "uniform", "_value": [0, 1]}},
                "sampler": {"name": "hyperopt"}}
        self._handle = _library.new_handle()
        self._count = 0
        _library.check("hopt_suggester_open", _library.byref(self._handle),
                       json.dumps(text).encode(), seed)

    def draw(self):
        self._count += 1
        return _library.plain("hopt_suggester_seed", self._handle, self._count - 1, 0)

    def __del__(self):
        if getattr(self, "_handle", None):
            _library.plain("hopt_suggester_close", self._handle)
