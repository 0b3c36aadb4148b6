#!/usr/bin/env python3
"""Fits the area formula of data/templates/gemmini.yaml.

    tools/fit_area.py ../shared/data/timeloop_gemmini.csv.gz

Needs numpy and scipy (Debian: python3-numpy python3-scipy). Prints the formula, and its errors on the data and on each
point when it is left out. The file has the columns pe_dim, scratchpad_kib, accumulator_kib and area_mm2.

The exponents are given (see docs/MODEL.md, "Area"); the coefficients, none negative, minimise the mean absolute
relative error, which is a linear programme.
"""

import argparse
import csv
import gzip

import numpy
from scipy.optimize import linprog

PARAMETERS = ("pe_dim", "scratchpad_kib", "accumulator_kib")
# One row per term, one exponent per parameter.
EXPONENTS = numpy.array([
    (2, 0, 0),  # the array of processing elements
    (0, 0.95, 0),  # scratchpad memory
    (1, 1, 0),  # its wiring to as many columns as the array has
    (0.4, 0, 0.6),  # one accumulator per column, smaller ones relatively larger
    (0, 0, 1),  # accumulator memory
])
DIGITS = 5  # of the printed coefficients


def read_points(path):
    """Distinct hardware points and their areas."""
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", newline="") as file:
        areas = {tuple(float(row[name]) for name in PARAMETERS): float(row["area_mm2"]) for row in csv.DictReader(file)}
    points = numpy.array(sorted(areas))
    return points, numpy.array([areas[tuple(point)] for point in points])


def terms(points):
    """Value of each term without its coefficient: points x terms."""
    return numpy.exp(numpy.log(points) @ EXPONENTS.T)


def fit(points, areas):
    """Coefficients with the least mean absolute relative error."""
    count, width = len(areas), len(EXPONENTS)
    relative = terms(points) / areas[:, None]
    identity = numpy.eye(count)
    solution = linprog(
        c=numpy.concatenate([numpy.zeros(width), numpy.ones(count)]),
        A_ub=numpy.block([[relative, -identity], [-relative, -identity]]),
        b_ub=numpy.concatenate([numpy.ones(count), -numpy.ones(count)]),
        bounds=[(0, None)] * (width + count),
        method="highs")
    if not solution.success:
        raise RuntimeError(solution.message)
    return numpy.array([float(f"{value:.{DIGITS}g}") for value in solution.x[:width]])


def relative_errors(coefficients, points, areas):
    return numpy.abs(terms(points) @ coefficients / areas - 1)


def left_out_errors(points, areas):
    """The error at each point of the fit to all others."""
    errors = []
    for i in range(len(areas)):
        others = numpy.arange(len(areas)) != i
        errors.append(relative_errors(fit(points[others], areas[others]), points[i:i + 1], areas[i:i + 1])[0])
    return numpy.array(errors)


def formula(coefficients):
    products = []
    for coefficient, exponents in zip(coefficients, EXPONENTS):
        factors = [f"{coefficient:.{DIGITS}g}"]
        factors += [name if exponent == 1 else f"{name}^{exponent:g}"
                    for name, exponent in zip(PARAMETERS, exponents) if exponent != 0]
        products.append(" * ".join(factors))
    return " + ".join(products)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    points, areas = read_points(parser.parse_args().file)
    coefficients = fit(points, areas)
    print("area_mm2:", formula(coefficients))
    for name, errors in (("fit", relative_errors(coefficients, points, areas)),
                         ("left out", left_out_errors(points, areas))):
        print(f"{name}: {len(errors)} points, mean {errors.mean():.2%}, median {numpy.median(errors):.2%}, "
              f"90 % below {numpy.quantile(errors, 0.9):.2%}, max {errors.max():.2%}")
    worst = int(relative_errors(coefficients, points, areas).argmax())
    print("worst:", dict(zip(PARAMETERS, points[worst])), "area_mm2", areas[worst])


if __name__ == "__main__":
    main()
