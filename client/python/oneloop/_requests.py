"""What callers write, as messages of the daemon."""

from __future__ import annotations

import datetime
import itertools
import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Union

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from oneloop.errors import InvalidArgument, NotFound, invalid
from oneloop.v1 import calibration_pb2, certificate_pb2, job_pb2, model_service_pb2, template_pb2, workload_pb2

#: A shipped one by name, a file (a path, or text with "/" or the ending .yaml, .yml or .json), or a message.
WorkloadLike = Union[str, "os.PathLike[str]", workload_pb2.Workload]
TemplateLike = Union[str, "os.PathLike[str]", template_pb2.Template]
#: One, or several that share a chip: a list, of pairs with a weight where they have one, or names with their weights.
WorkloadsLike = Union[
    WorkloadLike, Sequence[Union[WorkloadLike, tuple[WorkloadLike, float]]], Mapping[str, float]
]
#: "area_mm2<=4", "throughput_per_s>=100", "bert:latency_ms<=1", or a message.
LimitLike = Union[str, job_pb2.Limit]
#: A job, its number, or its name.
JobLike = Union[job_pb2.Job, int, str]
#: A moment with a time zone, or so long from now.
DeadlineLike = Union[datetime.datetime, datetime.timedelta]
#: Loop bounds, parameters and "mapping" by name, as a row of the files that `oneloop evaluate` takes; or a message.
RowLike = Union[Mapping[str, Any], model_service_pb2.MappingRow]

_FILE_ENDINGS = (".yaml", ".yml", ".json", ".onnx", ".csv", ".m")
_READ_BY_DAEMON = (".yaml", ".yml", ".json")
_BOUNDS = tuple(field.name for field in workload_pb2.Bounds.DESCRIPTOR.fields)
_OPTIONAL_BOUNDS = ("G", "Wstride", "Hstride", "Wdilation", "Hdilation")
FINAL_STATES = (job_pb2.CANCELLED, job_pb2.SUCCEEDED, job_pb2.FAILED)


def set_field(message: Any, field: str, value: Any, argument: str = "") -> None:
    """Of a scalar; None leaves it. InvalidArgument names the argument when the field cannot hold the value."""
    if value is None:
        return
    try:
        setattr(message, field, value)
    except (TypeError, ValueError) as error:
        raise invalid(argument or field, f"is {value!r}: {error}") from None


def set_numbers(numbers: Any, values: Mapping[str, float] | None, argument: str) -> None:
    """Of a map from names to numbers."""
    for name, value in (values or {}).items():
        try:
            numbers[name] = value
        except (TypeError, ValueError):
            raise invalid(f"{argument}.{name}", f"is {value!r}; valid: a number") from None


def enum_value(enum: Any, name: str | None, argument: str) -> Any:
    """By its name in lower or upper case; 0 for None."""
    if name is None:
        return 0
    values: dict[str, int] = {key.lower(): value for key, value in enum.items() if value != 0}
    try:
        return values[name.lower()]
    except (KeyError, AttributeError):
        raise invalid(argument, f"is {name!r}; valid: {', '.join(values)}") from None


def state_name(job: job_pb2.Job) -> str:
    """The job's state as the command line says it: "pending", "running", "succeeded" ..."""
    return str(job_pb2.JobState.Name(job.state)).lower()


def is_final(job: job_pb2.Job) -> bool:
    """Whether the job is over: succeeded, failed or cancelled."""
    return job.state in FINAL_STATES


def parent_of(project: str) -> str:
    """projects/{project}"""
    if not project or "/" in project:
        raise invalid("project", f"{project!r} is not a project's name")
    return f"projects/{project}"


def job_name(job: JobLike, project: str) -> str:
    """projects/{project}/jobs/{number}"""
    if isinstance(job, job_pb2.Job):
        return str(job.name)
    text = str(job)
    if re.fullmatch(r"[0-9]{1,19}", text):
        return f"{parent_of(project)}/jobs/{text}"
    if re.fullmatch(r"projects/[^/]+/jobs/[0-9]{1,19}", text):
        return text
    raise invalid("job", f"{text!r} is no job: give its number, or its name as in projects/default/jobs/12")


def design_name(job: JobLike, point: int | None, project: str) -> str:
    """Of a point by its number; of the job's best one for None."""
    return f"{job_name(job, project)}/designs/{'best' if point is None else point}"


def calibration_name(name: str, project: str) -> str:
    return name if "/" in name else f"{parent_of(project)}/calibrations/{name}"


def is_file(argument: Any) -> bool:
    """Whether a workload or template is meant to be read from a file, as the command line has it."""
    if isinstance(argument, os.PathLike):
        return True
    if not isinstance(argument, str):
        return False
    return "/" in argument or argument.endswith(_FILE_ENDINGS) or os.path.isfile(argument)


def read_text(path: str | os.PathLike[str], argument: str) -> str:
    """Of a file that the daemon shall parse."""
    name = os.fspath(path)
    ending = os.path.splitext(name)[1]
    if ending in _FILE_ENDINGS and ending not in _READ_BY_DAEMON:
        raise invalid(argument, f"{name}: make it YAML first: oneloop workloads import {name} -o FILE.yaml")
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except UnicodeDecodeError:
        raise invalid(argument, f"{name}: not UTF-8 text") from None
    except FileNotFoundError:
        raise NotFound(f"{argument}: {name}: no such file") from None
    except OSError as error:
        raise invalid(argument, f"{name}: cannot be read: {error.strerror}") from None


def set_source(message: Any, kind: str, source: Any) -> None:
    """A workload or template by name or as message into the oneof of `message`."""
    if isinstance(source, str):
        setattr(message, f"{kind}_name", source)
    elif isinstance(source, (workload_pb2.Workload, template_pb2.Template)) and source.DESCRIPTOR.name.lower() == kind:
        getattr(message, kind).CopyFrom(source)
    else:
        raise invalid(kind, f"is {type(source).__name__}; valid: a name, a path or a {kind.capitalize()}")


def set_workloads(spec: job_pb2.JobSpec, workloads: list[tuple[Any, float | None]], combination: str | None,
                  references: Mapping[str, float] | None) -> None:  # fmt: skip
    # One without a weight is no choice among several.
    if len(workloads) == 1 and workloads[0][1] is None and combination is None:
        set_source(spec, "workload", workloads[0][0])
    else:
        for source, weight in workloads:
            network = spec.networks.add()
            set_source(network, "workload", source)
            set_field(network, "weight", weight)
        spec.combination = enum_value(certificate_pb2.Combination, combination, "combination")
    for name, value in (references or {}).items():
        named = [n for n in spec.networks if name in (n.workload_name, n.workload.name)]
        if not named:
            raise invalid("references", f"there is no workload {name!r} among several")
        set_field(named[0], "reference", value, f"references.{name}")


def weighted(workloads: WorkloadsLike) -> list[tuple[WorkloadLike, float | None]]:
    """Each workload with its weight, None where it has none."""
    if isinstance(workloads, (str, os.PathLike, workload_pb2.Workload)):
        return [(workloads, None)]
    if isinstance(workloads, Mapping):
        workloads = list(workloads.items())
    try:
        pairs = [item if isinstance(item, tuple) else (item, None) for item in workloads]
        result = [(workload, weight) for workload, weight in pairs]
    except (TypeError, ValueError):
        raise invalid("workload", "valid: one workload, or a list of them and of pairs (workload, weight)") from None
    if not result:
        raise invalid("workload", "is an empty list; valid: one workload or more")
    return result


def limit_of(limit: LimitLike) -> job_pb2.Limit:
    if isinstance(limit, job_pb2.Limit):
        return limit
    parts = re.fullmatch(r"\s*(?:([^:<>=]+):)?\s*([^:<>=]*[^:<>=\s])\s*(<=|>=)\s*(\S+)\s*", str(limit))
    try:
        value = float(parts[4]) if parts else math.nan
    except ValueError:
        value = math.nan
    if parts is None or not math.isfinite(value):
        raise invalid("limits", f"{limit!r}: expected NAME<=NUMBER, for example 'area_mm2<=4'")
    message = job_pb2.Limit(network=(parts[1] or "").strip(), quantity=parts[2])
    setattr(message, "max" if parts[3] == "<=" else "min", value)
    return message


def set_objective(spec: job_pb2.JobSpec, objective: str) -> None:
    named = {name.lower(): value for name, value in certificate_pb2.Objective.items() if value != 0}
    if objective == "pareto" or objective.startswith("pareto:"):
        spec.objective = certificate_pb2.FRONT
        spec.objective_front = objective[len("pareto:") :]
    elif objective.lower() in named:
        spec.objective = named[objective.lower()]
    else:
        spec.objective_product = objective


def set_search(
    spec: job_pb2.JobSpec,
    *,
    objective: str = "edp",
    algorithm: str | None = None,
    order_strategy: str | None = None,
    factors: str | None = None,
    parametrization: str | None = None,
    predictor: str | None = None,
    fix: Mapping[str, float] | None = None,
    limits: Iterable[LimitLike] = (),
    calibration: str = "",
    **scalars: Any,
) -> None:
    """Everything of a search but its workloads and template."""
    set_objective(spec, objective)
    spec.algorithm = enum_value(job_pb2.Algorithm, algorithm, "algorithm")
    spec.order_strategy = enum_value(job_pb2.OrderStrategy, order_strategy, "order_strategy")
    spec.factors = enum_value(job_pb2.Factors, factors, "factors")
    spec.parametrization = enum_value(job_pb2.Parametrization, parametrization, "parametrization")
    spec.predictor = enum_value(calibration_pb2.Predictor, predictor, "predictor")
    set_numbers(spec.fixed_parameters, fix, "fix")
    spec.limits.extend(limit_of(limit) for limit in ([limits] if isinstance(limits, str) else limits))
    set_field(spec, "calibration_name", calibration, "calibration")
    if scalars.get("steps") is not None and scalars.get("samples") is not None:
        raise invalid("samples", "steps and samples exclude each other")
    for name, value in scalars.items():
        set_field(spec, name, value)


def set_deadline(request: Any, resource: Any, deadline: DeadlineLike) -> bool:
    """Into request.deadline_after or resource.deadline; whether it is the latter."""
    if isinstance(deadline, datetime.timedelta):
        after = Duration()
        after.FromTimedelta(deadline)
        request.deadline_after.CopyFrom(after)
        return False
    if not isinstance(deadline, datetime.datetime) or deadline.tzinfo is None:
        raise invalid("deadline", f"is {deadline!r}; valid: a timedelta from now, or a datetime with a time zone")
    moment = Timestamp()
    moment.FromDatetime(deadline)
    resource.deadline.CopyFrom(moment)
    return True


def rows_of(rows: Any) -> list[Any]:
    """A list of rows; of a data frame, its rows."""
    return list(rows.to_dict("records")) if hasattr(rows, "to_dict") else list(rows)


def mapping_row(row: RowLike, parameters: Iterable[str] | None, index: int) -> model_service_pb2.MappingRow:
    """Of a row by names. `parameters` are those that are read; None for all that the row has and that are no bounds."""
    if isinstance(row, model_service_pb2.MappingRow):
        return row
    message = model_service_pb2.MappingRow()
    place = f"rows[{index}]"
    for name in (*_BOUNDS, "mapping"):
        if name not in row and name not in _OPTIONAL_BOUNDS:
            raise invalid(f"{place}.{name}", "is missing")
    for name in _BOUNDS:
        value = row.get(name)
        # Frames have floating-point numbers in columns with gaps, and NaN for the gaps.
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        elif isinstance(value, float) and math.isnan(value) and name in _OPTIONAL_BOUNDS:
            value = None
        set_field(message.bounds, name, value, f"{place}.bounds.{name}")
    set_field(message, "mapping", row["mapping"], f"{place}.mapping")
    names = [name for name in parameters if name in row] if parameters is not None else []
    set_numbers(message.parameters, {name: row[name] for name in names}, f"{place}.parameters")
    return message


def chunks_of(rows: Sequence[Any], most_rows: int = 2000, most_bytes: int = 1 << 20) -> Iterable[tuple[int, list[Any]]]:
    """Runs of rows that fit into one request, each with the place of its first."""
    begin, size = 0, 0
    for end in itertools.count():
        if end == len(rows):
            break
        row_size = rows[end].ByteSize()
        if end > begin and (end - begin == most_rows or size + row_size > most_bytes):
            yield begin, list(rows[begin:end])
            begin, size = end, 0
        size += row_size
    if begin < len(rows):
        yield begin, list(rows[begin:])


def shifted(error: InvalidArgument, begin: int) -> InvalidArgument:
    """rows[5].mapping of a chunk that begins at row 2000 is rows[2005].mapping."""

    def shift(text: str) -> str:
        return re.sub(r"\brows\[([0-9]+)\]", lambda found: f"rows[{begin + int(found[1])}]", text)

    violations = [violation._replace(field=shift(violation.field)) for violation in error.field_violations]
    return InvalidArgument(shift(error.message), field_violations=violations)
