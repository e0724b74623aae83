#!/usr/bin/env python3
"""ln(phi(z) + z Phi(z)) by mpmath, for tests/common/sampler/gp/test_acquire.c: log_ei.py (pip install mpmath)"""
import mpmath

mpmath.mp.dps = 60
for z in ("-1e6", "-300", "-40", "-26", "-24.9", "-10", "-5.1", "-4.9", "-2", "-1.01", "-0.99", "-0.5", "0",
          "0.3", "1", "5", "40"):
    x = mpmath.mpf(z)
    phi = mpmath.exp(-x * x / 2) / mpmath.sqrt(2 * mpmath.pi)
    cdf = mpmath.erfc(-x / mpmath.sqrt(2)) / 2
    h = phi + x * cdf
    print(f"    {{{z}, {mpmath.nstr(mpmath.log(h), 17)}, {mpmath.nstr(cdf / h, 17)}, {mpmath.nstr(phi / h, 17)}}},")
