"""Writes what SciPy computes for the tests of core/quality: python3 scipy-references.py > scipy-<version>.json

Needs SciPy 1.11 or newer. Samples are given by a rule instead of their values where they are large: value i (from 0) of
{count, step, modulus, scale, shift} is shift + scale * ((i + 1) * step % modulus) / modulus.
"""

import json
import sys

import numpy
import scipy
from scipy.stats import chi2_contingency, ks_2samp, kstwo


def values(sample):
    if isinstance(sample, list):
        return numpy.array(sample, dtype=float)
    i = numpy.arange(1, sample["count"] + 1, dtype=numpy.int64)
    return sample["shift"] + sample["scale"] * ((i * sample["step"]) % sample["modulus"]) / sample["modulus"]


def rule(count, step, modulus=1_000_003, scale=1.0, shift=0.0):
    return {"count": count, "step": step, "modulus": modulus, "scale": scale, "shift": shift}


KS = {
    "tiny": ([1.0, 2.0, 3.0], [1.5, 2.5, 9.0]),
    "equal": ([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0]),
    "apart": ([0.0, 0.1, 0.2, 0.3, 0.4], [5.0, 6.0, 7.0, 8.0, 9.0]),
    "rounds half to even": ([0.1, 0.4, 0.7, 0.2, 0.9], [0.3, 0.5, 0.55, 0.8, 0.95]),
    "ties": ([1.0] * 10 + [2.0] * 20 + [3.0] * 5, [1.0] * 12 + [2.0] * 9 + [3.0] * 14),
    "unequal sizes": (rule(37, 15485863), rule(410, 32452843, scale=1.1)),
    "one hundred": (rule(100, 15485863), rule(100, 32452843, shift=0.12)),
    "above the exact methods": (rule(300, 15485863), rule(290, 32452843, scale=1.08)),
    "thousands": (rule(5000, 15485863), rule(4000, 32452843, shift=0.015)),
    "thousands, far": (rule(5000, 15485863), rule(4000, 32452843, shift=0.06)),
    "a full sample, alike": (rule(100_000, 15485863), rule(100_000, 32452843)),
    "a full sample, a little apart": (rule(100_000, 15485863), rule(99_000, 32452843, scale=1.005)),
    "a full sample, apart": (rule(100_000, 15485863), rule(100_000, 32452843, shift=0.2)),
    "two and many": ([0.2, 0.9], rule(1000, 15485863)),
}

CHI = {
    "textbook": [[10, 20, 30], [20, 20, 20]],
    "two by two": [[12, 5], [3, 14]],
    "equal": [[25, 50, 25], [25, 50, 25]],
    "proportional": [[10, 20, 30], [100, 200, 300]],
    "disjoint": [[40, 0], [0, 60]],
    "one missing": [[40, 35, 0], [38, 30, 9]],
    "many columns": [[5, 9, 14, 22, 31, 18, 12, 7, 3, 1], [6, 7, 16, 25, 28, 20, 9, 8, 4, 2]],
    "nineteen columns": [list(range(10, 29)), list(range(28, 9, -1))],
    "large": [[50210, 30122, 19668], [49800, 30400, 19800]],
    "large, apart": [[60000, 30000, 10000], [50000, 30000, 20000]],
    "small": [[1, 0, 2], [0, 3, 1]],
}

GRID = [
    (n, x)
    for n in (1, 2, 3, 5, 10, 25, 50, 100, 139, 140, 141, 200, 500, 1000, 5000, 20000, 50000)
    for x in (0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.1, 0.15, 0.2, 0.3, 0.45, 0.5, 0.7, 0.95)
]


def main():
    ks = []
    for name, (a, b) in KS.items():
        result = ks_2samp(values(a), values(b), method="asymp")
        ks.append({"name": name, "a": a, "b": b, "statistic": float(result.statistic), "pValue": float(result.pvalue)})
    chi = []
    for name, (a, b) in CHI.items():
        result = chi2_contingency([a, b], correction=False)
        chi.append({"name": name, "a": a, "b": b, "statistic": float(result.statistic), "pValue": float(result.pvalue)})
    survival = [{"n": n, "x": x, "value": float(kstwo.sf(x, n))} for n, x in GRID]
    versions = {"scipy": scipy.__version__, "numpy": numpy.__version__, "python": sys.version.split()[0]}
    print(json.dumps({"versions": versions, "ks": ks, "chi": chi, "survival": survival}, indent=1))


main()
