#!/usr/bin/python3
"""Write scikit-learn's digits in libsvm's text format: `make_data.py > digits.libsvm` (made once)."""
from sklearn.datasets import load_digits

digits = load_digits()
for label, row in zip(digits.target, digits.data):
    print(label, *("%d:%d" % (i, v) for i, v in enumerate(row, 1) if v))
