"""Operations on the model, on calibrations and on what the service ships, as plans: see _plans.py. The texts are the
clients' documentation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Optional

from oneloop import _requests as requests
from oneloop._plans import Context, Items, Plan, Sleep, call, pages
from oneloop._requests import RowLike, TemplateLike, WorkloadLike
from oneloop.errors import InvalidArgument, invalid
from oneloop.v1 import calibration_pb2, calibration_service_pb2, model_service_pb2, template_pb2, workload_pb2

_POLL = 0.2  # seconds between looks at a training


def evaluate(
    context: Context,
    rows: Iterable[RowLike],
    template: TemplateLike,
    *,
    calibration: str = "",
    predictor: Optional[str] = None,
    keep_going: bool = False,
) -> Plan[list[model_service_pb2.MappingScore]]:
    """energy_uj, latency_cycles and area_mm2 (µJ, cycles, mm²) of mappings of single layers, in the order of the rows.

    rows: mappings from names to values, or a data frame: loop bounds R S P Q C K N (and G, Wstride, Hstride, Wdilation,
        Hdilation where they are not 1), each parameter of the template, and `mapping`; or MappingRow messages.
    calibration, predictor: what predicts the latencies.
    keep_going: a wrong row gets a score whose `error` says why, instead of InvalidArgument, which names the row.
    """
    base = model_service_pb2.EvaluateDesignsRequest(calibration_name=calibration, keep_going=keep_going)
    base.predictor = requests.enum_value(calibration_pb2.Predictor, predictor, "predictor")
    names = yield from _set_template(context, base, template)
    messages = [requests.mapping_row(row, names, i) for i, row in enumerate(requests.rows_of(rows))]
    scores: list[model_service_pb2.MappingScore] = []
    for begin, chunk in requests.chunks_of(messages):
        request = model_service_pb2.EvaluateDesignsRequest(rows=chunk)
        request.MergeFrom(base)
        try:
            response = yield from call(context, "ModelService.EvaluateDesigns", request, repeatable=True)
        except InvalidArgument as error:
            raise requests.shifted(error, begin) from None
        scores.extend(response.scores)
    return scores


def calibrate(
    context: Context,
    rows: Iterable[Mapping[str, Any]],
    template: TemplateLike,
    name: str,
    *,
    fix: Mapping[str, float],
    cycles: str = "cycles",
    description: str = "",
    seed: int = 0,
    validate_only: bool = False,
    wait: bool = True,
) -> Plan[calibration_pb2.Calibration]:
    """Trains a latency predictor on measured cycles and, unless `wait` is False, waits for it: `held_out` says how well
    it does on rows that were left out. A training that fails is in its `state` and `message`.

    rows: as of `evaluate`, with the measured cycles in the column `cycles`; parameters may be left out.
    fix: the hardware that was measured: every parameter that the size of an array or a bandwidth depends on.
    """
    request = calibration_service_pb2.CreateCalibrationRequest(parent=requests.parent_of(context.project))
    for field, value in (("calibration_id", name), ("description", description), ("seed", seed)):
        requests.set_field(request, field, value)
    request.validate_only = validate_only
    requests.set_numbers(request.fixed_parameters, fix, "fix")
    names = yield from _set_template(context, request, template)
    for i, row in enumerate(requests.rows_of(rows)):
        mapping = requests.mapping_row(row, names, i)
        measurement = request.rows.add(bounds=mapping.bounds, mapping=mapping.mapping, parameters=mapping.parameters)
        if cycles not in row:
            raise invalid(f"rows[{i}].{cycles}", "is missing; `cycles` names the column of the measured cycles")
        requests.set_field(measurement, "cycles", row[cycles], f"rows[{i}].{cycles}")
    # The same request again returns the first calibration.
    result = yield from call(context, "CalibrationService.CreateCalibration", request, repeatable=True)
    while wait and not validate_only and result.state == calibration_pb2.TRAINING:
        yield Sleep(_POLL)
        result = yield from calibration(context, name)
    return result


def calibration(context: Context, name: str) -> Plan[calibration_pb2.Calibration]:
    """A calibration of the project, or one that the service ships, by name."""
    request = calibration_service_pb2.GetCalibrationRequest(name=requests.calibration_name(name, context.project))
    return (yield from call(context, "CalibrationService.GetCalibration", request, repeatable=True))


def calibrations(context: Context) -> Items[calibration_pb2.Calibration]:
    """Those of the project and of the service by name, without their models."""
    request = calibration_service_pb2.ListCalibrationsRequest(parent=requests.parent_of(context.project))
    yield from pages(context, "CalibrationService.ListCalibrations", request, "calibrations")


def cancel_calibration(context: Context, name: str) -> Plan[calibration_pb2.Calibration]:
    """Ends its training; the calibration stays."""
    request = calibration_service_pb2.CancelCalibrationRequest(name=requests.calibration_name(name, context.project))
    return (yield from call(context, "CalibrationService.CancelCalibration", request, repeatable=False))


def delete_calibration(context: Context, name: str) -> Plan[None]:
    """Deletes a calibration; jobs that use it keep their copy."""
    request = calibration_service_pb2.DeleteCalibrationRequest(name=requests.calibration_name(name, context.project))
    yield from call(context, "CalibrationService.DeleteCalibration", request, repeatable=False)


def workloads(context: Context) -> Items[workload_pb2.Workload]:
    """The shipped workloads."""
    yield from pages(context, "ModelService.ListWorkloads", model_service_pb2.ListWorkloadsRequest(), "workloads")


def workload(context: Context, name: WorkloadLike) -> Plan[workload_pb2.Workload]:
    """A shipped workload by name, or one of a file."""
    if requests.is_file(name):
        return (yield from _parsed(context, "Workload", name))
    request = model_service_pb2.GetWorkloadRequest(name=f"workloads/{name}")
    return (yield from call(context, "ModelService.GetWorkload", request, repeatable=True))


def templates(context: Context) -> Items[template_pb2.Template]:
    """The shipped templates."""
    yield from pages(context, "ModelService.ListTemplates", model_service_pb2.ListTemplatesRequest(), "templates")


def template(context: Context, name: TemplateLike) -> Plan[template_pb2.Template]:
    """A shipped template by name, or one of a file."""
    if requests.is_file(name):
        return (yield from _parsed(context, "Template", name))
    request = model_service_pb2.GetTemplateRequest(name=f"templates/{name}")
    return (yield from call(context, "ModelService.GetTemplate", request, repeatable=True))


def server_info(context: Context) -> Plan[model_service_pb2.ServerInfo]:
    """The daemon's version and clock, and whom it takes the caller for."""
    request = model_service_pb2.GetServerInfoRequest()
    return (yield from call(context, "ModelService.GetServerInfo", request, repeatable=True))


def _set_template(context: Context, request: Any, source: TemplateLike) -> Plan[list[str]]:
    """Sets the template of a request; the names of its parameters."""
    message: Any = source
    if not isinstance(source, template_pb2.Template):
        message = yield from template(context, source)
    named = isinstance(source, str) and not requests.is_file(source)
    requests.set_source(request, "template", source if named else message)
    return [parameter.name for parameter in message.parameters]


def read(context: Context, kind: str, source: Any) -> Plan[Any]:
    """A file's message; names and messages as they are."""
    return (yield from _parsed(context, kind, source)) if requests.is_file(source) else source


def _parsed(context: Context, kind: str, path: Any) -> Plan[Any]:
    """The daemon reads files, so that there is one reader of them."""
    cls = getattr(model_service_pb2, f"Parse{kind}Request")
    text = requests.read_text(path, kind.lower())
    try:
        return (yield from call(context, f"ModelService.Parse{kind}", cls(text=text), repeatable=True))
    except InvalidArgument as error:
        # "text: 3:5: why" is a place in the file.
        raise InvalidArgument(f"{path}:" + error.message.removeprefix("text: ")) from None
