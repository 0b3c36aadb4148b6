"""What both clients do, without input or output: a plan is a generator that yields steps and gets their outcomes.

A plan is written once and carried out by the blocking client or by that of asyncio. An outcome that is an error is
thrown into the plan.
"""

from __future__ import annotations

import enum
import itertools
import random
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, Generic, Optional, TypeVar, Union

import grpc

from oneloop._settings import Settings
from oneloop.errors import OneLoopError, Unavailable

T = TypeVar("T")

CALL_SECONDS = 60.0  # that one try of a call may take

_FIRST_BACKOFF = 0.2  # seconds
_LONGEST_BACKOFF = 5.0
_RESTART = 3.0  # seconds that a daemon is away which restarts
_MUTE = 10.0  # for which one is tried whose machine says nothing


class Listener(enum.Enum):
    """Who is at an address."""

    NOBODY = enum.auto()
    MUTE = enum.auto()  # not even a refusal came
    UNFIT = enum.auto()  # its TLS and the client's do not fit
    SOMEBODY = enum.auto()


@dataclass(frozen=True)
class Try:
    """One try of a unary call. Outcome: the response."""

    method: str  # "SearchService.GetJob"
    request: Any
    timeout: float = CALL_SECONDS


@dataclass(frozen=True)
class Open:
    """Opens a server stream. Outcome: the stream, which has a method cancel()."""

    method: str
    request: Any


@dataclass(frozen=True)
class Receive:
    """The next message of a stream. Outcome: the message; None when the daemon has closed it in order."""

    stream: Any


@dataclass(frozen=True)
class Sleep:
    seconds: float


@dataclass(frozen=True)
class Look:
    """Outcome: the Listener at the address."""


@dataclass(frozen=True)
class Emit(Generic[T]):
    """An item for the caller, of a plan that is iterated over."""

    item: T


Step = Union[Try, Open, Receive, Sleep, Look]
Plan = Generator[Step, Any, T]
Items = Generator[Union[Step, Emit[T]], Any, None]


@dataclass
class Context:
    """What a plan knows of its client. All times are in seconds."""

    settings: Settings
    project: str = "default"
    patience: float = 60.0  # for which calls are tried again; 0: never
    now: Callable[[], float] = time.monotonic
    draw: Callable[[], float] = field(default_factory=lambda: random.Random().random)  # uniform in [0, 1)


def call(
    context: Context, method: str, request: Any, *, repeatable: bool, timeout: float = CALL_SECONDS
) -> Plan[Any]:
    """A unary call, tried again as that of the command line is (client/retry.h).

    That is when the daemon refuses it for now and says when to come again, and when it is away; what is not
    `repeatable`, whose second try would do more than the first, only when it was refused or never sent.
    """
    begin = context.now()
    for tries in itertools.count():
        try:
            return (yield Try(method, request, timeout))
        except OneLoopError as error:
            pause = yield from _pause_after(context, error, repeatable, context.now() - begin, tries)
            if pause is None:
                raise (yield from explained(context, error)) from None
        yield Sleep(pause)
    raise AssertionError("unreachable")


def _pause_after(
    context: Context, error: OneLoopError, repeatable: bool, tried: float, tries: int
) -> Plan[Optional[float]]:
    jitter = min(_FIRST_BACKOFF * 2 ** min(tries, 10), _LONGEST_BACKOFF) * context.draw()
    if error.code is grpc.StatusCode.RESOURCE_EXHAUSTED and error.retry_delay is not None:
        # To come earlier than asked would only be refused again.
        return None if tried + error.retry_delay >= context.patience else error.retry_delay + jitter
    if error.code is not grpc.StatusCode.UNAVAILABLE or (error._sent and not repeatable):
        return None
    patience = context.patience
    if not error._said and tried < patience:
        patience = min(patience, (yield from _patience_for_absent(context, tried)))
    left = patience - tried
    return min(jitter, left) if left > 0 else None


def _patience_for_absent(context: Context, tried: float) -> Plan[float]:
    # A look at a port is a connection more: not before it matters.
    if tried < _RESTART and not context.settings.is_socket:
        return _RESTART
    listener = yield Look()
    return {Listener.NOBODY: _RESTART, Listener.MUTE: _MUTE, Listener.UNFIT: 0.0}.get(listener, context.patience)


def explained(context: Context, error: OneLoopError) -> Plan[OneLoopError]:
    """The error itself or, of a call that got no answer, one that says who listens there, if anybody."""
    if error.code is not grpc.StatusCode.UNAVAILABLE or error._said:
        return error
    address = context.settings.address
    listener = yield Look()
    if listener is Listener.NOBODY:
        start = "is it running?"
        if context.settings.is_socket:
            folder = address.removeprefix("unix:").removesuffix("/oneloop.sock")
            start = f"start it with `oneloopd --data_dir {folder}`, or name another one"
        text = f"cannot reach the daemon at {address}: {start}"
    elif listener is Listener.MUTE:
        text = f"nothing answers at {address}, not even with a refusal: is the machine up, and lets a firewall this by?"
    elif listener is Listener.UNFIT:
        text = f"cannot reach the daemon at {address}: its TLS and the client's do not fit (tls_ca, tls_cert, tls_key)"
    elif error._sent:
        text = (
            f"the connection to the daemon at {address} broke before it answered; look whether it did what was asked, "
            "and try again"
        )
    else:
        text = f"something listens at {address} but does not answer: it is overloaded, or hangs"
    return Unavailable(f"{text}; `oneloop doctor` finds what is wrong", sent=error._sent)


def for_each(items: Items[T], use: Callable[[T], None]) -> Plan[None]:
    """Carries out an iterated plan within another one."""
    resume: Callable[[Any], Any] = items.send
    outcome: Any = None
    while True:
        try:
            step = resume(outcome)
        except StopIteration:
            return
        resume, outcome = items.send, None
        if isinstance(step, Emit):
            use(step.item)
            continue
        try:
            outcome = yield step
        except BaseException as error:  # noqa: BLE001  it is the inner plan's
            resume, outcome = items.throw, error


def pages(context: Context, method: str, request: Any, field: str) -> Items[Any]:
    """The items of all pages of a list, whose `field` holds them."""
    while True:
        response = yield from call(context, method, request, repeatable=True)
        for item in getattr(response, field):
            yield Emit(item)
        request.page_token = response.next_page_token
        if not request.page_token:
            return
