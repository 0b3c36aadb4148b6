"""Comparisons of ways to search, as a plan: see _plans.py. The text is the clients' documentation."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Optional

from oneloop import _jobs as jobs
from oneloop import _library as library
from oneloop import _requests as requests
from oneloop._plans import Context, Items, Plan, for_each
from oneloop._requests import LimitLike, TemplateLike, WorkloadLike
from oneloop.comparison import Comparison, CurveBuilder, Run
from oneloop.errors import Aborted, OneLoopError, invalid
from oneloop.v1 import job_pb2

_NOT_OF_A_VARIANT = {"workload", "template", "objective", "seed", "request_id", "validate_only"}


def bench(
    context: Context,
    workloads: Optional[Sequence[WorkloadLike]] = None,
    template: Optional[TemplateLike] = None,
    *,
    variants: Optional[Mapping[str, Mapping[str, Any]]] = None,
    reference: Optional[str] = None,
    seeds: int = 5,
    starts: Optional[int] = None,
    steps: Optional[int] = None,
    fix: Optional[Mapping[str, float]] = None,
    limits: Iterable[LimitLike] = (),
    on_run: Optional[Callable[[Run], None]] = None,
) -> Plan[Comparison]:
    """Compares ways to search by the EDP (µJ·cycles) that they reach, as `oneloop bench` does: each combination of
    workload, variant and seed is a job, one after the other. Whatever ends it early, the job under way is cancelled.

    workloads, template: those that the daemon marks for comparisons by default.
    variants: names, each with the arguments of `submit` that make it: {"as it is": {}, "random": {"algorithm":
        "random"}}. By default the algorithms gradient, random and bayesian.
    reference: the variant that ratios are to; the first by default.
    seeds: jobs of each combination, with seeds 0 to seeds - 1.
    starts, steps, fix, limits: of every job, as of `submit`.
    on_run: called with each job that is over.
    """
    if variants is None:
        variants = {name: {"algorithm": name} for name in ("gradient", "random", "bayesian")}
    if not variants or (reference is not None and reference not in variants):
        raise invalid("variants", f"has no {reference!r}" if variants else "is empty")
    if isinstance(seeds, bool) or not isinstance(seeds, int) or seeds < 1:
        raise invalid("seeds", f"is {seeds!r}; valid: 1 or more")
    workloads = workloads if workloads is not None else (yield from _marked(context, "workloads"))
    chosen = template if template is not None else (yield from _marked(context, "templates"))[0]
    limits = tuple([limits] if isinstance(limits, str) else limits)
    cases: list[tuple[str, dict[str, Any]]] = []
    for source in [item for item, _ in requests.weighted(workloads)]:
        for name, changes in variants.items():
            for argument in changes.keys() & _NOT_OF_A_VARIANT:
                raise invalid(f"variants.{name}", f"changes {argument}; variants differ in how they search")
            arguments: dict[str, Any] = {"workload": source, "template": chosen, "starts": starts, "steps": steps}
            arguments |= {"fix": fix, "limits": limits, **changes}
            # All are checked before the first job is made.
            yield from jobs.submit(context, **arguments, validate_only=True)
            cases.extend((name, arguments | {"seed": seed}) for seed in range(seeds))
    runs: list[Run] = []
    for name, arguments in cases:
        runs.append((yield from _run(context, name, arguments)))
        if on_run is not None:
            on_run(runs[-1])
    return Comparison(runs, reference or next(iter(variants)))


def _run(context: Context, variant: str, arguments: Mapping[str, Any]) -> Plan[Run]:
    request_id = uuid.uuid4().hex
    made = None
    try:
        made = yield from jobs.submit(context, **arguments, request_id=request_id)
        done = yield from jobs.wait(context, made)
    except BaseException as error:
        if made is None and not isinstance(error, OneLoopError):
            # Interrupted before the answer came: the same request again tells which job it made.
            made = yield from jobs.submit(context, **arguments, request_id=request_id)
        if made is not None:
            yield from _cancel_quietly(context, made)
        raise
    if done.state != job_pb2.SUCCEEDED:
        raise Aborted(f"{done.name} ended {requests.state_name(done)}{': ' + done.message if done.message else ''}")
    curve = CurveBuilder(done.spec.starts)
    yield from for_each(jobs.points(context, made, exact_only=True), lambda point: curve.add(point.sample, point.edp))
    return Run(done.workload_display_name, variant, done, curve.build())


def _cancel_quietly(context: Context, job: job_pb2.Job) -> Plan[None]:
    try:
        yield from jobs.cancel(context, job)
    except OneLoopError:
        pass  # it is over, or the daemon is away: what ended the comparison is what matters


def _marked(context: Context, kind: str) -> Plan[list[str]]:
    """Names of the workloads or templates that are meant for comparisons."""
    names: list[str] = []
    items: Items[Any] = library.workloads(context) if kind == "workloads" else library.templates(context)
    yield from for_each(items, lambda item: names.append(item.name) if item.benchmark else None)
    if not names:
        raise invalid(kind, "the daemon marks none for comparisons: name one")
    return names
