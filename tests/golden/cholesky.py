#!/usr/bin/env python3
"""The diagonal and the last row of a Cholesky factor by LAPACK (numpy's dpotrf), for
tests/common/sampler/gp/test_model.c: cholesky.py (pip install numpy)

A Matern-5/2 kernel over the points (i phi mod 1, i^2 phi mod 1), and a noise of 1e-9: the pivots become small.
"""
import numpy

N, PHI = 40, 0.61803398874989485
i = numpy.arange(N, dtype=float)
x = numpy.stack([i * PHI % 1, i * i * PHI % 1])
t = numpy.sqrt(5 * sum((row[:, None] - row[None, :]) ** 2 for row in x))
factor = numpy.linalg.cholesky((1 + t + t * t / 3) * numpy.exp(-t) + 1e-9 * numpy.eye(N))
for name, values in ("diagonal", factor.diagonal()), ("last", factor[-1]):
    print("static const double %s[] = {%s};" % (name, ", ".join("%.17g" % v for v in values)))
