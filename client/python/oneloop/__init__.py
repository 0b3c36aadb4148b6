"""OneLoop sizes a DNN accelerator and maps a network onto it at the same time; this is the client of its daemon.

    import oneloop

    with oneloop.Client() as client:
        job = client.submit("resnet50", "gemmini", limits=["area_mm2<=4"])
        for event in client.watch(job):
            print(event.job.progress.samples_done, event.job.best.edp)
        design = client.design(job)

Figures are in µJ (energy_uj), cycles (latency_cycles), mm² (area_mm2) and µJ·cycles (edp). What methods return are the
messages of oneloop.v1; their fields are explained in proto/oneloop/v1.
"""

from oneloop._requests import is_final, state_name
from oneloop._version import __version__
from oneloop.aio import AsyncClient
from oneloop.client import Client
from oneloop.comparison import BandStep, Cell, Comparison, CurveStep, Run, best_at
from oneloop.errors import (
    Aborted,
    AlreadyExists,
    Cancelled,
    DataLoss,
    DeadlineExceeded,
    FailedPrecondition,
    FieldViolation,
    Internal,
    InvalidArgument,
    NotFound,
    OneLoopError,
    OutOfRange,
    PermissionDenied,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
    Unimplemented,
    Unknown,
)
from oneloop.points import AsyncPoints, Points, row_of
from oneloop.v1.calibration_pb2 import Calibration
from oneloop.v1.design_pb2 import Design, EvaluatedPoint
from oneloop.v1.explanation_pb2 import DesignExplanation
from oneloop.v1.job_pb2 import Job, JobState, Limit
from oneloop.v1.model_service_pb2 import MappingRow, MappingScore, ServerInfo
from oneloop.v1.search_service_pb2 import WatchResponse
from oneloop.v1.template_pb2 import Template
from oneloop.v1.workload_pb2 import Workload

__all__ = [
    "Aborted", "AlreadyExists", "AsyncClient", "AsyncPoints", "BandStep", "Calibration", "Cancelled", "Cell", "Client",
    "Comparison", "CurveStep", "DataLoss", "DeadlineExceeded", "Design", "DesignExplanation", "EvaluatedPoint",
    "FailedPrecondition", "FieldViolation", "Internal", "InvalidArgument", "Job", "JobState", "Limit", "MappingRow",
    "MappingScore", "NotFound", "OneLoopError", "OutOfRange", "PermissionDenied", "Points", "ResourceExhausted", "Run",
    "ServerInfo", "Template", "Unauthenticated", "Unavailable", "Unimplemented", "Unknown", "WatchResponse", "Workload",
    "__version__", "best_at", "is_final", "row_of", "state_name",
]  # fmt: skip
