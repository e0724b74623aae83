"""Print common/sampler/hyperopt/numpy_ziggurat.c: the constants of numpy's ziggurat generators.

Needs binutils and an installed numpy, whose static library holds the figures. Before printing, each
is compared with the method's own formula (Marsaglia and Tsang 2000, "The ziggurat method for
generating random variables": 256 layers of equal area) in 60 digits. numpy's were once computed in
doubles, so they agree to 1e-12, not to the last bit: only the figures themselves give its draws.
"""
import os
import struct
import subprocess
import sys
import tempfile
from decimal import Decimal, getcontext

import numpy

getcontext().prec = 60
LAYERS = 256


def formula(r, area, density, inverse, bits):
    """k, w and f: f[i] is the density at layer i's right edge, w[i] scales an integer of `bits`
    bits to that edge, and an integer below k[i] lies inside the next layer too."""
    scale = Decimal(2) ** bits
    k, w, f = [Decimal(0)] * LAYERS, [Decimal(0)] * LAYERS, [Decimal(1)] * LAYERS
    k[0] = r * density(r) / area * scale
    w[0] = area / density(r) / scale
    w[255], f[255] = r / scale, density(r)
    edge = r
    for i in range(254, 0, -1):
        inner = inverse(area / edge + density(edge))
        k[i + 1], w[i], f[i] = inner / edge * scale, inner / scale, density(inner)
        edge = inner
    return k, w, f


def normal():
    r = Decimal("3.65415288536100877164542972039951576297485")
    tail = r
    for i in range(400, 0, -1):  # Laplace's continued fraction of the tail's integral
        tail = r + i / tail
    density = (-r * r / 2).exp()
    return formula(r, r * density + density / tail, lambda x: (-x * x / 2).exp(),
                   lambda y: (-2 * y.ln()).sqrt(), 52)


def exponential():
    r = Decimal("7.6971174701310497140446280481")
    return formula(r, (r + 1) * (-r).exp(), lambda x: (-x).exp(), lambda y: -y.ln(), 53)


def numpy_tables(letter):
    """ki, wi, fi (or ke, we, fe) out of numpy's static library."""
    library = os.path.join(os.path.dirname(numpy.__file__), "random", "lib", "libnpyrandom.a")
    text = lambda *a, **k: subprocess.run(a, capture_output=True, text=True, check=True, **k).stdout
    with tempfile.TemporaryDirectory() as folder:
        text("ar", "x", library, cwd=folder)
        member = [m for m in text("ar", "t", library).split() if "distributions.c" in m][0]
        names = text("nm", os.path.join(folder, member))
        raw = os.path.join(folder, "rodata")
        text("objcopy", "-O", "binary", "-j", ".rodata", os.path.join(folder, member), raw)
        data = open(raw, "rb").read()
    found = []
    for first, code in (("k", "Q"), ("w", "d"), ("f", "d")):
        name = f" {first}{letter}_double"
        at = int([line for line in names.splitlines() if line.endswith(name)][0].split()[0], 16)
        found.append(struct.unpack(f"<{LAYERS}{code}", data[at : at + 8 * LAYERS]))
    return found


def check(found, right):
    for a, b in zip(found, right):
        for i in range(LAYERS):
            if abs(Decimal(a[i]) - b[i]) > abs(b[i]) * Decimal("1e-12") + (a is found[0]):
                sys.exit(f"entry {i}: {a[i]} is far from {b[i]}")


def show(name, values, code):
    kind = "uint64_t" if isinstance(values[0], int) else "double"
    print(f"const {kind} {name}[HOPT_NUMPY_LAYERS] = {{")
    for i in range(0, LAYERS, 4):
        print("    " + " ".join(code(v) + "," for v in values[i : i + 4]))
    print("};\n")


if __name__ == "__main__":
    print("/* numpy's ziggurat constants, printed by tests/golden/ziggurat_table.py: don't edit. */")
    print("// clang-format off")
    print('#include "common/sampler/hyperopt/numpy_internal.h"\n')
    for letter, word, right in (("i", "normal", normal()), ("e", "exponential", exponential())):
        found = numpy_tables(letter)
        check(found, right)
        show(f"hopt_numpy__{word}_k", found[0], lambda v: f"UINT64_C(0x{v:x})")
        show(f"hopt_numpy__{word}_w", found[1], float.hex)
        show(f"hopt_numpy__{word}_f", found[2], float.hex)
