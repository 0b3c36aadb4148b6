"""The blocking client."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, Concatenate, ParamSpec, TypeVar

import grpc

from oneloop import _bench, _jobs, _library
from oneloop._listener import look_at
from oneloop._plans import Context, Emit, Items, Look, Open, Plan, Receive, Sleep, Try
from oneloop._settings import Settings
from oneloop._transport import OPTIONS, Connection, Walk, credentials, documented, method_of
from oneloop.points import Points
from oneloop.v1 import design_pb2

P = ParamSpec("P")
R = TypeVar("R")


def _call(plan: Callable[Concatenate[Context, P], Plan[R]]) -> Callable[Concatenate[Client, P], R]:
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return self._run(plan(self._context, *args, **kwargs))

    documented(method, plan, lambda text: text.removeprefix("Plan[").removesuffix("]"))
    return method


def _items(plan: Callable[Concatenate[Context, P], Items[R]]) -> Callable[Concatenate[Client, P], Iterator[R]]:
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[R]:
        return self._iterate(plan(self._context, *args, **kwargs))

    documented(method, plan, lambda text: text.replace("Items[", "Iterator[", 1))
    return method


def _points(
    plan: Callable[Concatenate[Context, P], Items[design_pb2.EvaluatedPoint]],
) -> Callable[Concatenate[Client, P], Points]:
    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> Points:
        return Points(lambda: self._iterate(plan(self._context, *args, **kwargs)))

    documented(method, plan, lambda text: "Points")
    return method


class Client(Connection):
    """A daemon, seen from here. Thread-safe. Close it, or use it in a `with` statement.

    Errors are subclasses of OneLoopError. Calls are tried again while the daemon is busy or restarts: those that only
    read and `submit` always, other changes only when the daemon refused them or they were never sent. Each try but of
    `watch` and `explain` ends within a minute, with DeadlineExceeded.
    """

    def close(self) -> None:
        """Ends the connection; calls and iterations that are under way, or come later, raise RuntimeError."""
        self._closed = True
        self._channel.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    submit = _call(_jobs.submit)
    job = _call(_jobs.job)
    jobs = _items(_jobs.jobs)
    watch = _items(_jobs.watch)
    wait = _call(_jobs.wait)
    cancel = _call(_jobs.cancel)
    pause = _call(_jobs.pause)
    resume = _call(_jobs.resume)
    update = _call(_jobs.update)
    delete = _call(_jobs.delete)
    undelete = _call(_jobs.undelete)
    points = _points(_jobs.points)
    front = _points(_jobs.front)
    design = _call(_jobs.design)
    explain = _call(_jobs.explain)
    evaluate = _call(_library.evaluate)
    calibrate = _call(_library.calibrate)
    calibration = _call(_library.calibration)
    calibrations = _items(_library.calibrations)
    cancel_calibration = _call(_library.cancel_calibration)
    delete_calibration = _call(_library.delete_calibration)
    workloads = _items(_library.workloads)
    workload = _call(_library.workload)
    templates = _items(_library.templates)
    template = _call(_library.template)
    server_info = _call(_library.server_info)
    bench = _call(_bench.bench)

    def _run(self, plan: Plan[R]) -> R:
        walk = Walk(plan)
        step = walk.next()
        while step is not None:
            step = self._perform(walk, step)
        result: R = walk.result
        return result

    def _iterate(self, items: Items[R]) -> Iterator[R]:
        walk = Walk(items)
        try:
            step = walk.next()
            while step is not None:
                if isinstance(step, Emit):
                    yield step.item
                    step = walk.next()
                else:
                    step = self._perform(walk, step)
        finally:
            walk.close()

    def _perform(self, walk: Walk, step: Any) -> Any:
        """Carries out a step; the next one."""
        problem: BaseException
        try:
            outcome = self._outcome(step)
        except grpc.RpcError as error:
            problem = self._problem(error)
        except BaseException as error:  # noqa: BLE001  a plan puts in order what it leaves
            problem = error
        else:
            return walk.next(outcome)
        return walk.next(error=problem)

    def _outcome(self, step: Any) -> Any:
        self._check_open()
        if isinstance(step, Try):
            call = method_of(self._stubs, step.method)
            return call(step.request, timeout=step.timeout, metadata=self._metadata)
        if isinstance(step, Open):
            return method_of(self._stubs, step.method)(step.request, metadata=self._metadata)
        if isinstance(step, Receive):
            return next(step.stream, None)
        if isinstance(step, Sleep):
            return time.sleep(step.seconds)
        assert isinstance(step, Look)
        return look_at(self._context.settings)

    def _open(self, settings: Settings) -> Any:
        tls = credentials(settings)
        if tls is None:
            return grpc.insecure_channel(settings.address, options=OPTIONS)
        return grpc.secure_channel(settings.address, tls, options=OPTIONS)
