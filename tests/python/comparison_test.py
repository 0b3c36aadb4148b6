"""Figures of comparisons, by hand."""

import math
import unittest

import oneloop
import support
from oneloop.comparison import CurveBuilder


def run(workload, variant, curve, best=None):
    """A job of two starts and 20 samples."""
    job = oneloop.Job()
    job.certificate.lower_bound = 50
    if best is not None:
        job.best.edp = best
    return oneloop.Run(workload, variant, job, curve)


def steps(*pairs):
    return [oneloop.CurveStep(*pair) for pair in pairs]


class ComparisonTest(unittest.TestCase):
    def test_a_curve_takes_the_starts_of_a_job_in_turn(self):
        builder = CurveBuilder(starts=2)
        for sample, edp in ((3, 90.0), (1, 100.0), (1, 120.0), (5, 95.0), (2, math.inf), (7, 60.0), (4, 90.0)):
            builder.add(sample, edp)
        curve = builder.build()
        self.assertEqual(curve, steps((2, 100), (6, 90), (14, 60)))
        self.assertEqual([oneloop.best_at(curve, s) for s in (1, 2, 5, 6, 13.9, 99)], [math.inf, 100, 100, 90, 90, 60])

    def test_cells_are_of_the_ends_or_at_equal_samples(self):
        comparison = oneloop.Comparison(
            [
                run("w", "a", steps((2, 100), (10, 60)), 60),
                run("w", "a", steps((4, 80)), 80),
                run("w", "b", steps((6, 140)), 140),
                run("v", "a", steps((2, 10)), 10),
                run("v", "b", steps((2, 90)), 90),
            ],
            "a",
        )
        first = comparison.table()[0]
        self.assertEqual((first.mean_edp, first.median_edp, first.worst_edp, first.seeds), (70, 70, 80, 2))
        self.assertAlmostEqual(first.gap, 0.4)
        self.assertEqual(comparison.table(samples=4)[0].mean_edp, 90)
        self.assertEqual(comparison.table(samples=3)[0].mean_edp, math.inf)
        # Geometric mean of 140 / 70 and 90 / 10; at 6 samples of 140 / 90 and 90 / 10.
        self.assertAlmostEqual(comparison.ratios()["b"], math.sqrt(18))
        self.assertAlmostEqual(comparison.ratios(samples=6)["b"], math.sqrt(14))
        self.assertEqual(comparison.ratios()["a"], 1)

    def test_a_band_begins_where_every_seed_has_a_design(self):
        comparison = oneloop.Comparison(
            [run("w", "a", steps((2, 100), (10, 60))), run("w", "a", steps((4, 80))), run("w", "b", [])], "a"
        )
        self.assertEqual(comparison.bands("w"), {"a": [(4, 80, 90, 100), (10, 60, 70, 80)], "b": []})

    def test_a_seed_without_a_design_counts_as_infinite(self):
        cell = oneloop.Comparison([run("w", "a", steps((2, 9)), 9), run("w", "a", [])], "a").table()[0]
        self.assertEqual((cell.mean_edp, cell.worst_edp), (math.inf, math.inf))


if __name__ == "__main__":
    support.main()
