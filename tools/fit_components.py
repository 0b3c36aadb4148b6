#!/usr/bin/env python3
"""Fits the energies of data/components.yaml's SRAM: prints each form, and its errors.

    tools/fit_components.py tests/data/components/public_points.csv

Needs numpy and scipy (Debian: python3-numpy python3-scipy). At 45 nm, the sum of a power of the width and a product of
powers of size and width that is nearest in the logarithms, far-off points weighing less; the exponents are rounded to
two digits and the coefficients fitted again. Other nodes: the median ratio.
"""

import csv
import sys

import numpy
from scipy.optimize import least_squares

STARTS = 60


def form(x, kib, width):
    return numpy.exp(x[0]) * width ** x[1] + numpy.exp(x[2]) * kib ** x[3] * width ** x[4]


def nearest(function, starts, target):
    best = None
    for start in starts:
        found = least_squares(lambda x: numpy.log(function(x) / target), start, loss="soft_l1", f_scale=0.1)
        if best is None or found.cost < best.cost:
            best = found
    return best.x


def main():
    points = {}
    with open(sys.argv[1], encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["source"] != "mnsim":
                continue
            sizes = dict(size.split("=") for size in row["sizes"].split())
            for action in ("read_pj", "write_pj"):
                points.setdefault((action, row["node_nm"]), []).append(
                    (float(sizes["kib"]), float(sizes["width_bits"]), float(row[action])))
    for action in ("read_pj", "write_pj"):
        kib, width, target = numpy.array(points[action, "45"]).T
        random = numpy.random.default_rng(0)
        starts = [numpy.r_[random.normal(-5, 2), random.uniform(1, 2), random.normal(-2, 1), 0.5,
                           random.uniform(0.4, 1)] for _ in range(STARTS)]
        x = nearest(lambda v: form(v, kib, width), starts, target)
        powers = [round(x[1], 2), round(x[3], 2), round(x[4], 2)]
        x[0], x[2] = nearest(lambda v: form((v[0], powers[0], v[1], powers[1], powers[2]), kib, width),
                             [numpy.r_[x[0], x[2]]], target)
        x = numpy.r_[x[0], powers[0], x[2], powers[1], powers[2]]
        print(f"{action}: {numpy.exp(x[0]):.3g} * width_bits^{x[1]} + "
              f"{numpy.exp(x[2]):.3g} * kib^{x[3]} * width_bits^{x[4]}")
        for node in ("45", "65"):
            kib, width, target = numpy.array(points[action, node]).T
            scale = numpy.median(target / form(x, kib, width))
            error = abs(form(x, kib, width) * scale / target - 1)
            print(f"  {node} nm: times {scale:.3g}, off by {numpy.median(error):.1%}, at most {error.max():.1%}")


if __name__ == "__main__":
    main()
