"""What can go wrong: one class for each canonical code of gRPC."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import grpc

from oneloop._rpc import error_details_pb2, status_pb2


class FieldViolation(NamedTuple):
    """What is wrong with one field of a request."""

    field: str  #: path in the request, for example "spec.starts", or the name of an argument
    description: str  #: what is wrong and what would be valid


class OneLoopError(Exception):
    """Of a call that the daemon refused, or that never got there. Its text names the field and what would be valid."""

    code: grpc.StatusCode = grpc.StatusCode.UNKNOWN

    def __init__(
        self,
        message: str,
        *,
        field_violations: Iterable[FieldViolation] = (),
        retry_delay: float | None = None,
        sent: bool = True,
        said: bool = False,
    ) -> None:
        super().__init__(message)
        #: What is wrong, for people.
        self.message = message
        #: Every field that is wrong.
        self.field_violations = tuple(field_violations)
        #: Seconds after which the daemon asks to come again; None when it does not say.
        self.retry_delay = retry_delay
        # Whether the call may have reached the daemon, and whether the daemon itself said this.
        self._sent = sent
        self._said = said

    @property
    def field(self) -> str:
        """The first field that is wrong; "" when none is named."""
        return self.field_violations[0].field if self.field_violations else ""


class Cancelled(OneLoopError):
    code = grpc.StatusCode.CANCELLED


class Unknown(OneLoopError):
    code = grpc.StatusCode.UNKNOWN


class InvalidArgument(OneLoopError):
    """A field or an argument is not valid; `field` names it."""

    code = grpc.StatusCode.INVALID_ARGUMENT


class DeadlineExceeded(OneLoopError):
    """The daemon did not answer within the time for it."""

    code = grpc.StatusCode.DEADLINE_EXCEEDED


class NotFound(OneLoopError):
    """No such job, point, workload, template, calibration or file."""

    code = grpc.StatusCode.NOT_FOUND


class AlreadyExists(OneLoopError):
    """Another request had this request_id or name first."""

    code = grpc.StatusCode.ALREADY_EXISTS


class PermissionDenied(OneLoopError):
    code = grpc.StatusCode.PERMISSION_DENIED


class ResourceExhausted(OneLoopError):
    """A limit of the daemon, or its disk is full; `retry_delay` says when to come again."""

    code = grpc.StatusCode.RESOURCE_EXHAUSTED


class FailedPrecondition(OneLoopError):
    """Not in this state: a job that is over cannot be paused."""

    code = grpc.StatusCode.FAILED_PRECONDITION


class Aborted(OneLoopError):
    """The resource has changed since its etag was read."""

    code = grpc.StatusCode.ABORTED


class OutOfRange(OneLoopError):
    code = grpc.StatusCode.OUT_OF_RANGE


class Unimplemented(OneLoopError):
    """The daemon is older than this call."""

    code = grpc.StatusCode.UNIMPLEMENTED


class Internal(OneLoopError):
    code = grpc.StatusCode.INTERNAL


class Unavailable(OneLoopError):
    """No daemon there, or it is away."""

    code = grpc.StatusCode.UNAVAILABLE


class DataLoss(OneLoopError):
    code = grpc.StatusCode.DATA_LOSS


class Unauthenticated(OneLoopError):
    """No token, or not a valid one."""

    code = grpc.StatusCode.UNAUTHENTICATED


_CLASSES: dict[grpc.StatusCode, type[OneLoopError]] = {
    cls.code: cls
    for cls in (
        Cancelled, Unknown, InvalidArgument, DeadlineExceeded, NotFound, AlreadyExists, PermissionDenied,
        ResourceExhausted, FailedPrecondition, Aborted, OutOfRange, Unimplemented, Internal, Unavailable, DataLoss,
        Unauthenticated,
    )
}  # fmt: skip

# What gRPC says when it had no connection to send the call on.
_NO_CONNECTION = ("failed to connect to all addresses", "DNS resolution failed")


def invalid(field: str, description: str) -> InvalidArgument:
    """An argument that never reaches the daemon."""
    return InvalidArgument(f"{field}: {description}", field_violations=[FieldViolation(field, description)])


def from_rpc(error: Any, address: str) -> OneLoopError:
    """Of a grpc.RpcError, blocking or not."""
    code = error.code()
    text = error.details() or ""
    binary = next((value for key, value in error.trailing_metadata() or () if key == "grpc-status-details-bin"), b"")
    status = status_pb2.Status()
    try:
        status.ParseFromString(binary)
    except Exception:  # noqa: BLE001  what is no detail says nothing; protobuf's class for that differs by version
        status.Clear()
    bad_request = _detail(status, error_details_pb2.BadRequest)
    retry_info = _detail(status, error_details_pb2.RetryInfo)
    violations = [_violation(v) for v in bad_request.field_violations] if bad_request else []
    delay = retry_info.retry_delay.ToTimedelta().total_seconds() if retry_info else None
    sent = True
    if code is grpc.StatusCode.UNAVAILABLE:
        sent = not text.startswith(_NO_CONNECTION)
        text = f"the daemon at {address} is not available: {text}"
    elif code is grpc.StatusCode.DEADLINE_EXCEEDED:
        text = f"the daemon at {address} did not answer within the time for it; try again"
    elif not text:
        text = f"the daemon at {address} refused without a reason ({code.name})"
    cls = _CLASSES.get(code, Unknown)
    return cls(text, field_violations=violations, retry_delay=delay, sent=sent, said=bool(binary))


def _violation(violation: Any) -> FieldViolation:
    # A description that names its field itself would name it twice.
    return FieldViolation(violation.field, violation.description.removeprefix(f"{violation.field}: "))


def _detail(status: Any, cls: Any) -> Any:
    # By its public name: the class here has a private one.
    for detail in status.details:
        if detail.type_url.rpartition("/")[2] == f"google.rpc.{cls.DESCRIPTOR.name}":
            return cls.FromString(detail.value)
    return None
