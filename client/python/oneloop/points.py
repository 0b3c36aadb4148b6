"""Evaluated points as they come: to iterate over, as dictionaries, as a data frame."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from oneloop.v1 import design_pb2

_COLUMNS = (
    "number", "start", "sample", "origin", "pareto", "energy_uj", "latency_cycles", "area_mm2", "edp", "score",
    "entered_front_revision", "left_front_revision", "revision",
)  # fmt: skip


def row_of(point: design_pb2.EvaluatedPoint) -> dict[str, Any]:
    """A flat row: energy_uj (µJ), latency_cycles (cycles), area_mm2 (mm²), edp (µJ·cycles), `score` in the unit of the
    job's objective or None, `origin` in lower case, and each parameter by its name in the template's unit; one that is
    called as another column is "parameter.NAME"."""
    row = {name: getattr(point, name) for name in _COLUMNS}
    row["origin"] = design_pb2.PointOrigin.Name(point.origin).lower()
    if not point.HasField("score"):
        row["score"] = None
    for name, value in sorted(point.parameters.items()):
        row[f"parameter.{name}" if name in _COLUMNS else name] = value
    return row


def frame(rows: list[dict[str, Any]]) -> Any:
    """A pandas.DataFrame."""
    try:
        import pandas
    except ImportError:
        raise ImportError(
            "to_pandas() needs pandas: install Debian's python3-pandas or `pip install pandas`; to_dicts() does without"
        ) from None
    return pandas.DataFrame(rows)


class Points:
    """Points of a job. Each iteration asks the daemon anew, page by page."""

    def __init__(self, begin: Callable[[], Iterator[design_pb2.EvaluatedPoint]]) -> None:
        self._begin = begin

    def __iter__(self) -> Iterator[design_pb2.EvaluatedPoint]:
        return self._begin()

    def to_dicts(self) -> list[dict[str, Any]]:
        """A row for each point: see `row_of`."""
        return [row_of(point) for point in self]

    def to_pandas(self) -> Any:
        """The same rows as a pandas.DataFrame. ImportError without pandas."""
        return frame(self.to_dicts())


class AsyncPoints:
    """Points of a job. Each iteration asks the daemon anew, page by page."""

    def __init__(self, begin: Callable[[], AsyncIterator[design_pb2.EvaluatedPoint]]) -> None:
        self._begin = begin

    def __aiter__(self) -> AsyncIterator[design_pb2.EvaluatedPoint]:
        return self._begin()

    async def to_dicts(self) -> list[dict[str, Any]]:
        """A row for each point: see `row_of`."""
        return [row_of(point) async for point in self]

    async def to_pandas(self) -> Any:
        """The same rows as a pandas.DataFrame. ImportError without pandas."""
        return frame(await self.to_dicts())
