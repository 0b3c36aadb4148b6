"""Operations on jobs and on what they found, as plans: see _plans.py. The texts are the clients' documentation."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any, Optional

from google.protobuf.field_mask_pb2 import FieldMask

from oneloop import _requests as requests
from oneloop._library import read
from oneloop._plans import Context, Emit, Items, Open, Plan, Receive, Sleep, call, explained, for_each, pages
from oneloop._requests import DeadlineLike, JobLike, LimitLike, TemplateLike, WorkloadsLike
from oneloop.errors import Aborted, Cancelled, OneLoopError, Unavailable, invalid
from oneloop.v1 import design_pb2, explanation_pb2, job_pb2, search_service_pb2

_EXPLAIN_SECONDS = 1800.0
_POINTS_PAGE = 1000
_FIRST_PAUSE = 0.1  # seconds before a broken watch is taken up again; doubles
_LONGEST_PAUSE = 2.0


def submit(
    context: Context,
    workload: WorkloadsLike,
    template: TemplateLike,
    *,
    objective: str = "edp",
    fix: Optional[Mapping[str, float]] = None,
    limits: Iterable[LimitLike] = (),
    algorithm: Optional[str] = None,
    starts: Optional[int] = None,
    steps: Optional[int] = None,
    samples: Optional[int] = None,
    seed: int = 0,
    stop_gap: Optional[float] = None,
    factors: Optional[str] = None,
    calibration: str = "",
    predictor: Optional[str] = None,
    combination: Optional[str] = None,
    references: Optional[Mapping[str, float]] = None,
    order_strategy: Optional[str] = None,
    parametrization: Optional[str] = None,
    round_period: Optional[int] = None,
    learning_rate: Optional[float] = None,
    descent_share: Optional[float] = None,
    labels: Optional[Mapping[str, str]] = None,
    priority: int = 0,
    deadline: Optional[DeadlineLike] = None,
    request_id: Optional[str] = None,
    validate_only: bool = False,
) -> Plan[job_pb2.Job]:
    """Submits a job and returns it; what is allowed and probably not meant is in its `warnings`.

    A call that is cut off is tried again and makes no second job: its `request_id`, a random one by default, sees to
    that. The same `request_id` with another search is AlreadyExists.

    workload: what to compute: a shipped one by name, a file, or a Workload. A list of them shares one chip; a pair
        ("resnet50", 3) has a weight, the runs of it for one of the others. {"resnet50": 3, "bert": 1} does as well.
    template: the hardware: a shipped one by name, a file, or a Template.
    objective: what to minimise: edp (µJ·cycles), energy (µJ), latency (cycles), area (mm²), power (W), throughput
        (which is maximised), a product such as "energy*latency^2", or a front, "pareto:energy,latency,area".
    fix: values of parameters of the template, in their units there.
    limits: "area_mm2<=4"; also energy_uj, latency_cycles, edp, power_w, latency_ms, "throughput_per_s>=100" and
        parameters. "bert:latency_ms<=1" is of one workload of several.
    algorithm: gradient (the default), random, bayesian or default_tiler.
    starts, steps: independent starts, 7 by default, and samples of each, 1490; or `samples` of the whole job.
    seed: the same seed finds the same points.
    stop_gap: ends early, once a design is proven to be at most so far above the best one possible: 0.01 is 1 %.
    factors: into which factors bounds are split: perfect, those that divide them, or imperfect (the default), any, so
        that the last run of a loop may be shorter.
    calibration, predictor: what predicts latencies.
    combination, references: of several workloads, how their objectives become one (sum, geometric_mean, worst_ratio),
        and what worst_ratio compares each with, in the objective's unit.
    order_strategy, parametrization, round_period, learning_rate, descent_share: of the gradient search.
    labels, priority (-100 to 100), deadline: as in `update`.
    validate_only: checks everything and submits nothing.
    """
    request = search_service_pb2.CreateJobRequest(parent=requests.parent_of(context.project))
    yield from _set_sources(context, request.spec, workload, template, combination, references)
    requests.set_search(
        request.spec, objective=objective, fix=fix, limits=limits, algorithm=algorithm, starts=starts, steps=steps,
        samples=samples, seed=seed, stop_gap=stop_gap, factors=factors, calibration=calibration, predictor=predictor,
        order_strategy=order_strategy, parametrization=parametrization, round_period=round_period,
        learning_rate=learning_rate, descent_share=descent_share,
    )  # fmt: skip
    requests.set_field(request, "priority", priority)
    _set_labels(request.labels, labels or {})
    if deadline is not None:
        requests.set_deadline(request, request, deadline)
    requests.set_field(request, "request_id", request_id or uuid.uuid4().hex)
    request.validate_only = validate_only
    return (yield from call(context, "SearchService.CreateJob", request, repeatable=True))


def job(context: Context, job: JobLike) -> Plan[job_pb2.Job]:
    """The job as it is now. `best` has the figures of its best design so far: energy_uj, latency_cycles, area_mm2,
    edp (µJ·cycles); `certificate` what is proven of the best one possible."""
    request = search_service_pb2.GetJobRequest(name=requests.job_name(job, context.project))
    return (yield from call(context, "SearchService.GetJob", request, repeatable=True))


def jobs(
    context: Context,
    filter: str = "",
    *,
    order_by: str = "",
    show_deleted: bool = False,
    project: Optional[str] = None,
    page_size: int = 0,
) -> Items[job_pb2.Job]:
    """Jobs, newest first, fetched page by page as they are needed.

    filter: "state=RUNNING AND label.chip=a1"; fields are state, owner, workload, template, priority, pinned,
        label.NAME, create_time, start_time, end_time and deadline.
    order_by: create_time, priority or end_time; with " desc" for the reverse.
    project: another one than the client's; "-" for all.
    """
    request = search_service_pb2.ListJobsRequest(parent=requests.parent_of(project or context.project))
    for field, value in (("filter", filter), ("order_by", order_by), ("page_size", page_size)):
        requests.set_field(request, field, value)
    request.show_deleted = show_deleted
    yield from pages(context, "SearchService.ListJobs", request, "jobs")


def watch(context: Context, job: JobLike, *, start_revision: int = 0) -> Items[search_service_pb2.WatchResponse]:
    """What happens to a job, as it happens, until it is over: each event once and in order, however often the
    connection breaks or the daemon restarts meanwhile.

    The first message has the job's state and front (`snapshot`); later ones what changed: `state_changes`,
    `front_entered`, `front_left`, the number of `new_points`, and the `job`. To go on later, after a message, pass its
    `resume_revision` as start_revision. Unavailable once the daemon has been away for the client's patience.
    """
    request = search_service_pb2.WatchRequest(name=requests.job_name(job, context.project))
    requests.set_field(request, "start_revision", start_revision)
    last_word: Optional[float] = None  # when the daemon last said something
    pause = _FIRST_PAUSE
    over = False
    while True:
        asked_for = 0.0
        try:
            stream = yield Open("SearchService.Watch", request)
            try:
                while (message := (yield Receive(stream))) is not None:
                    last_word, pause = context.now(), _FIRST_PAUSE
                    request.start_revision = max(request.start_revision, message.resume_revision)
                    over = requests.is_final(message.job)
                    yield Emit(message)
            finally:
                stream.cancel()
            # A stream that ends in order says that everything has been told, or that the daemon is stopping.
            if not over:
                now = yield from _get_job(context, request.name)
                over = requests.is_final(now) and now.revision <= request.start_revision
                last_word = context.now()
            if over:
                return
        except OneLoopError as error:
            if over:
                return
            if error.retry_delay is not None:
                last_word, asked_for = context.now(), error.retry_delay
            elif not isinstance(error, (Unavailable, Cancelled, Aborted)):
                raise
            elif last_word is None:
                # Away from the start: as long as any call would wait for it.
                yield from _get_job(context, request.name)
                last_word = context.now()
            elif context.now() - last_word > context.patience:
                text = f"{(yield from explained(context, error)).message}; go on with start_revision="
                raise Unavailable(f"{text}{request.start_revision}") from None
        # A part of the back-off that is drawn at random, lest many watchers come back in step.
        yield Sleep(asked_for + pause * context.draw())
        pause = min(2 * pause, _LONGEST_PAUSE)


def wait(context: Context, job: JobLike) -> Plan[job_pb2.Job]:
    """Waits until a job is over, across restarts of the daemon, and returns it: `state_name(job)` says how it ended,
    its `message` why."""
    yield from for_each(watch(context, job), lambda message: None)
    return (yield from _get_job(context, requests.job_name(job, context.project)))


def cancel(context: Context, job: JobLike, *, etag: str = "") -> Plan[job_pb2.Job]:
    """Ends a job early; its points stay. FailedPrecondition when it is over, and Aborted, as of every change, when it
    has another `etag` than the one given."""
    return (yield from _change(context, "Cancel", job, etag))


def pause(context: Context, job: JobLike, *, etag: str = "") -> Plan[job_pb2.Job]:
    """Takes a job off the workers until it is resumed."""
    return (yield from _change(context, "Pause", job, etag))


def resume(context: Context, job: JobLike, *, etag: str = "") -> Plan[job_pb2.Job]:
    """Puts a paused job back into the queue."""
    return (yield from _change(context, "Resume", job, etag))


def delete(context: Context, job: JobLike, *, purge: bool = False, etag: str = "") -> Plan[job_pb2.Job]:
    """Deletes a job that is over; with `purge` at once and without a way back."""
    return (yield from _change(context, "Delete", job, etag, purge=purge))


def undelete(context: Context, job: JobLike, *, etag: str = "") -> Plan[job_pb2.Job]:
    """Takes a deletion back, until the job's `purge_time`."""
    return (yield from _change(context, "Undelete", job, etag))


def update(
    context: Context,
    job: JobLike,
    *,
    priority: Optional[int] = None,
    labels: Optional[Mapping[str, str]] = None,
    deadline: Optional[DeadlineLike] = None,
    no_deadline: bool = False,
    pinned: Optional[bool] = None,
    etag: str = "",
) -> Plan[job_pb2.Job]:
    """Changes what may change of a job; what is None stays.

    priority: -100 to 100, among the jobs of one user; the higher goes first.
    labels: replace all that it has.
    deadline: the job is cancelled then, unless it is over; no_deadline takes it away.
    pinned: whether the daemon's retention leaves the job alone.
    """
    request = search_service_pb2.UpdateJobRequest()
    request.job.name, request.job.etag = requests.job_name(job, context.project), etag
    given = {"priority": priority, "labels": labels, "pinned": pinned}
    paths = [name for name, value in given.items() if value is not None]
    requests.set_field(request.job, "priority", priority)
    requests.set_field(request.job, "pinned", pinned)
    _set_labels(request.job.labels, labels or {})
    if deadline is not None and no_deadline:
        raise invalid("deadline", "deadline and no_deadline exclude each other")
    if no_deadline or (deadline is not None and requests.set_deadline(request, request.job, deadline)):
        paths.append("deadline")
    if not paths and deadline is None:
        raise invalid("update", "nothing is given that shall change")
    request.update_mask.CopyFrom(FieldMask(paths=paths))
    return (yield from call(context, "SearchService.UpdateJob", request, repeatable=False))


def points(
    context: Context,
    job: JobLike,
    *,
    pareto_only: bool = False,
    exact_only: bool = False,
    start: Optional[int] = None,
    page_size: int = _POINTS_PAGE,
) -> Items[design_pb2.EvaluatedPoint]:
    """Every evaluated point of a job by number, fetched page by page while they are iterated over; `to_dicts()` and
    `to_pandas()` fetch them all. energy_uj (µJ), latency_cycles (cycles), area_mm2 (mm²) and edp (µJ·cycles) are of the
    whole workload, `parameters` in the template's units. What is infeasible has infinite figures.

    pareto_only: those on the front over energy, latency and area now.
    exact_only: without the steps of the descent, whose factors are no whole numbers.
    start: those that this start found.
    """
    request = search_service_pb2.ListPointsRequest(parent=requests.job_name(job, context.project))
    request.pareto_only, request.exact_only = pareto_only, exact_only
    requests.set_field(request, "start", start)
    requests.set_field(request, "page_size", page_size)
    yield from pages(context, "SearchService.ListPoints", request, "points")


def front(context: Context, job: JobLike) -> Items[design_pb2.EvaluatedPoint]:
    """The points on the job's Pareto front over energy, latency and area: `points(job, pareto_only=True)`."""
    yield from points(context, job, pareto_only=True)


def design(context: Context, job: JobLike, point: Optional[int] = None) -> Plan[design_pb2.Design]:
    """Hardware parameters and one mapping per layer, with figures in µJ, cycles and mm²: of the point with this number,
    or of the best one."""
    request = search_service_pb2.GetDesignRequest(name=requests.design_name(job, point, context.project))
    return (yield from call(context, "SearchService.GetDesign", request, repeatable=True))


def explain(
    context: Context,
    job: JobLike,
    point: Optional[int] = None,
    *,
    sensitivities: bool = True,
    samples: Optional[int] = None,
) -> Plan[explanation_pb2.DesignExplanation]:
    """What bounds each layer of a design, what sizes each parameter and, unless `sensitivities` is False, what a tenth
    more or less of each parameter and limit would change of the objective: for that the daemon searches, with so many
    `samples` (evaluations of the whole network) for each change. Shares and changes are fractions: 0.02 is 2 %."""
    request = search_service_pb2.ExplainDesignRequest(name=requests.design_name(job, point, context.project))
    request.no_sensitivities = not sensitivities
    requests.set_field(request, "samples", samples)
    return (
        yield from call(context, "SearchService.ExplainDesign", request, repeatable=True, timeout=_EXPLAIN_SECONDS)
    )


def _get_job(context: Context, name: str) -> Plan[job_pb2.Job]:
    request = search_service_pb2.GetJobRequest(name=name)
    return (yield from call(context, "SearchService.GetJob", request, repeatable=True))


def _change(context: Context, verb: str, job: JobLike, etag: str, **fields: Any) -> Plan[job_pb2.Job]:
    cls = getattr(search_service_pb2, f"{verb}JobRequest")
    request = cls(name=requests.job_name(job, context.project), etag=etag, **fields)
    # A second try would get another answer, or undo what somebody else did in between.
    return (yield from call(context, f"SearchService.{verb}Job", request, repeatable=False))


def _set_labels(labels: Any, values: Mapping[str, str]) -> None:
    for name, value in values.items():
        try:
            labels[name] = value
        except (TypeError, ValueError):
            raise invalid(f"labels.{name}", f"is {value!r}; valid: text") from None


def _set_sources(
    context: Context,
    spec: job_pb2.JobSpec,
    workloads: WorkloadsLike,
    template: TemplateLike,
    combination: Optional[str],
    references: Optional[Mapping[str, float]],
) -> Plan[None]:
    sources = []
    for source, weight in requests.weighted(workloads):
        sources.append(((yield from read(context, "Workload", source)), weight))
    requests.set_workloads(spec, sources, combination, references)
    requests.set_source(spec, "template", (yield from read(context, "Template", template)))
