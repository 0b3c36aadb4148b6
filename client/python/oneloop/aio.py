"""The client for asyncio: the blocking one's methods, to be awaited."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar

import grpc
import grpc.aio

from oneloop import _bench, _jobs, _library
from oneloop._listener import look_at
from oneloop._plans import Context, Emit, Items, Look, Open, Plan, Receive, Sleep, Try
from oneloop._settings import Settings
from oneloop._transport import OPTIONS, Connection, Walk, credentials, documented, method_of
from oneloop.points import AsyncPoints
from oneloop.v1 import design_pb2

P = ParamSpec("P")
R = TypeVar("R")


def _call(
    plan: Callable[Concatenate[Context, P], Plan[R]],
) -> Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, R]]:
    async def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return await self._run(plan(self._context, *args, **kwargs))

    documented(method, plan, lambda text: text.removeprefix("Plan[").removesuffix("]"))
    return method


def _items(
    plan: Callable[Concatenate[Context, P], Items[R]],
) -> Callable[Concatenate[AsyncClient, P], AsyncIterator[R]]:
    def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[R]:
        return self._iterate(plan(self._context, *args, **kwargs))

    documented(method, plan, lambda text: text.replace("Items[", "AsyncIterator[", 1))
    return method


def _points(
    plan: Callable[Concatenate[Context, P], Items[design_pb2.EvaluatedPoint]],
) -> Callable[Concatenate[AsyncClient, P], AsyncPoints]:
    def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> AsyncPoints:
        return AsyncPoints(lambda: self._iterate(plan(self._context, *args, **kwargs)))

    documented(method, plan, lambda text: "AsyncPoints")
    return method


class AsyncClient(Connection):
    """As Client, for one event loop: its methods are awaited, its iterators are for `async for`. Make it where the
    event loop runs, and close it, or use it in an `async with` statement."""

    async def close(self) -> None:
        """Ends the connection; calls and iterations that are under way, or come later, raise RuntimeError."""
        self._closed = True
        for stream in self._streams:
            stream.cancel()
        await self._channel.close()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

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

    async def _run(self, plan: Plan[R]) -> R:
        walk = Walk(plan)
        step = walk.next()
        while step is not None:
            step = await self._perform(walk, step)
        result: R = walk.result
        return result

    async def _iterate(self, items: Items[R]) -> AsyncIterator[R]:
        walk = Walk(items)
        try:
            step = walk.next()
            while step is not None:
                if isinstance(step, Emit):
                    yield step.item
                    step = walk.next()
                else:
                    step = await self._perform(walk, step)
        finally:
            walk.close()

    async def _perform(self, walk: Walk, step: Any) -> Any:
        """Carries out a step; the next one."""
        problem: BaseException
        try:
            outcome = await self._outcome(step)
        except grpc.RpcError as error:
            problem = self._problem(error)
        except BaseException as error:  # noqa: BLE001  a plan puts in order what it leaves
            problem = error
        else:
            return walk.next(outcome)
        return walk.next(error=problem)

    async def _outcome(self, step: Any) -> Any:
        self._check_open()
        try:
            return await self._carried_out(step)
        except asyncio.CancelledError:
            # Of the call, or of the task?
            self._check_open()
            raise

    async def _carried_out(self, step: Any) -> Any:
        if isinstance(step, Try):
            call = method_of(self._stubs, step.method)
            return await call(step.request, timeout=step.timeout, metadata=self._metadata)
        if isinstance(step, Open):
            stream = method_of(self._stubs, step.method)(step.request, metadata=self._metadata)
            self._streams.add(stream)
            return stream
        if isinstance(step, Receive):
            message = await step.stream.read()
            return None if message is grpc.aio.EOF else message
        if isinstance(step, Sleep):
            return await asyncio.sleep(step.seconds)
        assert isinstance(step, Look)
        return await asyncio.to_thread(look_at, self._context.settings)

    def _open(self, settings: Settings) -> Any:
        # A channel that is closed leaves those that are read.
        self._streams: weakref.WeakSet[Any] = weakref.WeakSet()
        tls = credentials(settings)
        if tls is None:
            return grpc.aio.insecure_channel(settings.address, options=OPTIONS)
        return grpc.aio.secure_channel(settings.address, tls, options=OPTIONS)
