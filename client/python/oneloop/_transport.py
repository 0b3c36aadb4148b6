"""What both clients know of gRPC."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Mapping
from typing import Any

import grpc

from oneloop._plans import Context, Emit, Items, Plan, Step
from oneloop._settings import Settings, resolve
from oneloop.errors import from_rpc
from oneloop.v1 import calibration_service_pb2_grpc, model_service_pb2_grpc, search_service_pb2_grpc

OPTIONS = (
    # A restarted daemon is found again within a fraction of a second.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # A process that listens and says nothing is given up after so long, and looked at.
    ("grpc.min_reconnect_backoff_ms", 4000),
    # A daemon that hangs, or whose machine is gone, is found out by pings, also while a watch is idle.
    ("grpc.keepalive_time_ms", 30000),
    ("grpc.keepalive_timeout_ms", 10000),
    ("grpc.http2.max_pings_without_data", 0),
    # Fronts and designs may be large, and the daemon is trusted.
    ("grpc.max_receive_message_length", -1),
    # A daemon is on this machine or in this network; a web proxy would only be in the way.
    ("grpc.enable_http_proxy", 0),
)


def credentials(settings: Settings) -> grpc.ChannelCredentials | None:
    """None for a connection without TLS."""
    if not settings.tls_ca:
        return None
    return grpc.ssl_channel_credentials(settings.tls_ca, settings.tls_key or None, settings.tls_cert or None)


def stubs(channel: Any) -> Mapping[str, Any]:
    """By the name of their service."""
    classes: list[Any] = [
        search_service_pb2_grpc.SearchServiceStub,
        model_service_pb2_grpc.ModelServiceStub,
        calibration_service_pb2_grpc.CalibrationServiceStub,
    ]
    return {cls.__name__.removesuffix("Stub"): cls(channel) for cls in classes}


def method_of(services: Mapping[str, Any], name: str) -> Any:
    """Of "SearchService.GetJob", what calls it."""
    service, _, method = name.partition(".")
    return getattr(services[service], method)


class Walk:
    """Steps through a plan: give it each step's outcome, and it has the next step."""

    def __init__(self, plan: Plan[Any] | Items[Any]) -> None:
        self._plan = plan
        self.result: Any = None

    def next(self, outcome: Any = None, error: BaseException | None = None) -> Step | Emit[Any] | None:
        """None at the end, when `result` is what the plan returned."""
        try:
            return self._plan.send(outcome) if error is None else self._plan.throw(error)
        except StopIteration as end:
            self.result = end.value
            return None

    def close(self) -> None:
        self._plan.close()


def documented(method: Any, plan: Any, returns: Callable[[str], str]) -> Any:
    """The method with name, parameters and text of its plan; `returns` makes its result's type of "Plan[Job]"."""
    functools.update_wrapper(method, plan)
    signature = inspect.signature(plan)
    first, *parameters = signature.parameters.values()
    parameters.insert(0, first.replace(name="self", annotation=inspect.Parameter.empty))
    annotation = returns(str(signature.return_annotation))
    method.__signature__ = signature.replace(parameters=parameters, return_annotation=annotation)
    return method


class Connection:
    """What both clients begin with."""

    def __init__(
        self,
        server: str | None = None,
        *,
        project: str = "default",
        token_file: str | os.PathLike[str] | None = None,
        tls_ca: str | os.PathLike[str] | None = None,
        tls_cert: str | os.PathLike[str] | None = None,
        tls_key: str | os.PathLike[str] | None = None,
        trace_id: str | None = None,
        patience: float = 60.0,
    ) -> None:
        """Connects with the first call. What is not given is found as `oneloop` finds it.

        server: unix:PATH or HOST:PORT; by default $ONELOOP_SERVER, else the socket in the user's data directory.
        project: in which jobs and calibrations are.
        token_file: holds the token for HOST:PORT; by default the token is $ONELOOP_TOKEN and, for a daemon of this
            machine, the one that its data directory keeps.
        tls_ca, tls_cert, tls_key: files of certificates to trust, which turn TLS on, and of the caller's own; by
            default $ONELOOP_TLS_CA, $ONELOOP_TLS_CERT and $ONELOOP_TLS_KEY.
        trace_id: marks the calls in the daemon's log; by default $ONELOOP_TRACE_ID, else random.
        patience: for so many seconds a daemon that is away is waited for; 0: never.
        """
        settings = resolve(
            server, token_file=token_file, tls_ca=tls_ca, tls_cert=tls_cert, tls_key=tls_key, trace_id=trace_id
        )
        self._context = Context(settings, project=project, patience=patience)
        self._metadata = settings.metadata()
        self._channel = self._open(settings)
        self._stubs = stubs(self._channel)
        self._closed = False

    @property
    def address(self) -> str:
        """unix:PATH or HOST:PORT"""
        return self._context.settings.address

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("this client is closed")

    def _problem(self, error: grpc.RpcError) -> Exception:
        """What the caller sees of it."""
        return RuntimeError("this client was closed") if self._closed else from_rpc(error, self.address)

    def _open(self, settings: Settings) -> Any:
        """A channel that does not connect before the first call."""
        raise NotImplementedError
