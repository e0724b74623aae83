"""Print the known answers of tests/common/sampler/hyperopt/test_numpy.c: for every kind of draw the
first one, the 1,000th, and FNV-1a over the bytes of 20,000, of default_rng(seed)."""
import struct
import sys

import numpy as np

N = 20000


def fnv(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def row(name, seed, draw):
    rng = np.random.default_rng(seed)
    values = [draw(rng, i) for i in range(N)]
    code = "d" if isinstance(values[0], float) else "Q"
    print(f'    {{"{name}", UINT64_C({seed}), {float(values[0]).hex()}, {float(values[999]).hex()}, '
          f"UINT64_C(0x{fnv(struct.pack(f'<{N}{code}', *values)):x})}},")


def p_of(i, low=0.0):
    """A probability that varies with the draw."""
    return low + (1 - low) * ((i * 7919 + 13) % 10007) / 10007


def pick(rng, i):
    p = np.array([p_of(4 * i + k) + 0.001 for k in range(4)])
    return int(rng.multinomial(1, p / (p[0] + p[1] + p[2] + p[3])).argmax())


def mixed(rng, i):
    return float(rng.integers(1000) if i % 3 == 0 else rng.random() if i % 3 == 1 else rng.normal())


if __name__ == "__main__":
    print("// numpy", np.__version__, file=sys.stderr)
    for seed in (0, 20240229, 2**63 - 25):
        row("random", seed, lambda r, i: float(r.random()))
        row("integers", seed, lambda r, i: int(r.integers([2, 3, 2**31 - 1, 2**31, 2**32 - 1, 2**32,
                                                           2**32 + 1, 2**62 + 1][i % 8])))
        row("normal", seed, lambda r, i: float(r.normal(1.5, 0.25)))
        row("uniform", seed, lambda r, i: float(r.uniform(-3, 5)))
        row("exponential", seed, lambda r, i: float(r.standard_exponential()))
        row("binomial", seed, lambda r, i: int(r.binomial(1 + i % 30, p_of(i))))
        row("pick", seed, pick)
        row("geometric", seed, lambda r, i: int(r.geometric(p_of(i, 0.01))))
        row("mixed", seed, mixed)
