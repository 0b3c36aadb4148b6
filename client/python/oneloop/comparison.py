"""What a comparison of ways to search found: figures and curves as those of `oneloop bench`."""

from __future__ import annotations

import bisect
import math
import statistics
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Optional

from oneloop.points import frame
from oneloop.v1 import job_pb2


class CurveStep(NamedTuple):
    """From so many samples on, this is the best EDP, until the next step."""

    samples: int
    edp: float  #: µJ·cycles


class BandStep(NamedTuple):
    """The curves of several seeds together: from so many samples on, until the next step. EDPs in µJ·cycles."""

    samples: int
    least: float
    median: float
    most: float


class CurveBuilder:
    """Makes the curve of best EDP against samples from a job's exact points.

    The starts of a job run at once, in an order that depends on the machine; the curve takes them as if they took
    turns: after s samples of each of n starts, that is n·s samples, the best is that of all points which any start
    found within its first s samples. So the same job gives the same curve on any machine.
    """

    def __init__(self, starts: int) -> None:
        self._starts = starts
        self._best: dict[int, float] = {}  # by sample of a start

    def add(self, sample: int, edp: float) -> None:
        """A point that a start found at its sample `sample`, in any order; infinite ones are left out."""
        if math.isfinite(edp) and edp < self._best.get(sample, math.inf):
            self._best[sample] = edp

    def build(self) -> list[CurveStep]:
        curve: list[CurveStep] = []
        for sample, edp in sorted(self._best.items()):
            if not curve or edp < curve[-1].edp:
                curve.append(CurveStep(sample * self._starts, edp))
        return curve


def best_at(curve: list[CurveStep], samples: float) -> float:
    """The best EDP after so many samples (µJ·cycles); infinite before the first design."""
    place = bisect.bisect_right(curve, samples, key=lambda step: step.samples)
    return curve[place - 1].edp if place else math.inf


class Run(NamedTuple):
    """One job of a comparison."""

    workload: str
    variant: str
    job: job_pb2.Job
    curve: list[CurveStep]

    @property
    def seed(self) -> int:
        return int(self.job.spec.seed)

    @property
    def best_edp(self) -> float:
        """µJ·cycles; infinite when it found no design."""
        return float(self.job.best.edp) if self.job.HasField("best") else math.inf

    @property
    def samples_per_second(self) -> float:
        """From the job's start to its end; 0 when unknown."""
        job = self.job
        if not job.HasField("start_time") or not job.HasField("end_time"):
            return 0.0
        seconds = (job.end_time.ToNanoseconds() - job.start_time.ToNanoseconds()) / 1e9
        return float(job.progress.samples_done / seconds) if seconds > 0 else 0.0


class Cell(NamedTuple):
    """One workload searched in one way, over all seeds. EDPs are in µJ·cycles, infinite where a seed has no design."""

    workload: str
    variant: str
    seeds: int
    mean_edp: float
    median_edp: float
    worst_edp: float
    samples_per_second: float  #: mean; 0 when unknown
    gap: Optional[float]  #: of the mean to the proven lower bound, 0.02 for 2 % above; None when none is known


class Comparison:
    """What `bench` returns."""

    def __init__(self, runs: Iterable[Run], reference: str) -> None:
        #: Every job, in order.
        self.runs = list(runs)
        #: The variant that ratios are to.
        self.reference = reference

    def table(self, samples: Optional[float] = None) -> list[Cell]:
        """A cell for each workload and variant: of the jobs' ends, or of what each had found after so many samples."""
        groups: dict[tuple[str, str], list[Run]] = {}
        for run in self.runs:
            groups.setdefault((run.workload, run.variant), []).append(run)
        return [_cell(workload, variant, runs, samples) for (workload, variant), runs in groups.items()]

    def ratios(self, samples: Optional[float] = None) -> dict[str, float]:
        """How many times a variant's mean EDP is that of the reference: the geometric mean over the workloads."""
        cells = self.table(samples)
        reference = {cell.workload: cell.mean_edp for cell in cells if cell.variant == self.reference}
        ratios: dict[str, list[float]] = {}
        for cell in cells:
            ratios.setdefault(cell.variant, []).append(cell.mean_edp / reference[cell.workload])
        return {name: _geometric_mean(values) for name, values in ratios.items()}

    def bands(self, workload: str) -> Mapping[str, list[BandStep]]:
        """Of each variant, best EDP against samples over the seeds, from where every seed has a design."""
        curves: dict[str, list[list[CurveStep]]] = {}
        for run in self.runs:
            if run.workload == workload:
                curves.setdefault(run.variant, []).append(run.curve)
        return {variant: _band(of_seeds) for variant, of_seeds in curves.items()}

    def to_dicts(self) -> list[dict[str, Any]]:
        """A row for each job."""
        return [
            {
                "workload": run.workload, "variant": run.variant, "seed": run.seed, "job": run.job.name,
                "samples": run.job.progress.samples_total, "best_edp": run.best_edp,
                "samples_per_second": run.samples_per_second,
            }
            for run in self.runs
        ]  # fmt: skip

    def to_pandas(self) -> Any:
        """The same rows as a pandas.DataFrame. ImportError without pandas."""
        return frame(self.to_dicts())

    def __str__(self) -> str:
        rows: list[tuple[str, ...]] = [("workload", "variant", "seeds", "mean EDP", "median", "worst", "above bound")]
        for cell in self.table():
            gap = "-" if cell.gap is None else f"{100 * cell.gap:.3g} %"
            edps = [f"{edp:.4g}" for edp in (cell.mean_edp, cell.median_edp, cell.worst_edp)]
            rows.append((cell.workload, cell.variant, str(cell.seeds), *edps, gap))
        widths = [max(map(len, column)) for column in zip(*rows)]
        lines = ["  ".join(text.rjust(width) for text, width in zip(row[2:], widths[2:])) for row in rows]
        names = [f"{row[0]:{widths[0]}}  {row[1]:{widths[1]}}" for row in rows]
        return "\n".join(f"{name}  {line}" for name, line in zip(names, lines))


def _cell(workload: str, variant: str, runs: list[Run], samples: Optional[float]) -> Cell:
    edps = [run.best_edp if samples is None else best_at(run.curve, samples) for run in runs]
    mean = sum(sorted(edps)) / len(edps)
    # The same for every seed and way to search.
    bound = runs[0].job.certificate.lower_bound
    rate = sum(run.samples_per_second for run in runs) / len(runs)
    gap = mean / bound - 1 if bound > 0 else None
    return Cell(workload, variant, len(runs), mean, statistics.median(edps), max(edps), rate, gap)


def _geometric_mean(values: list[float]) -> float:
    return math.exp(sum(math.log(value) for value in values) / len(values))


def _band(curves: list[list[CurveStep]]) -> list[BandStep]:
    band = []
    for samples in sorted({step.samples for curve in curves for step in curve}):
        bests = [best_at(curve, samples) for curve in curves]
        if math.isfinite(max(bests)):
            band.append(BandStep(samples, min(bests), statistics.median(bests), max(bests)))
    return band
