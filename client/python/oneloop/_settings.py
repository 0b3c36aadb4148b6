"""Which daemon, and how to get in there: the rules of the command line (client/server_options.h)."""

from __future__ import annotations

import os
import re
import stat
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from oneloop.errors import invalid

_LONGEST_SOCKET_PATH = 107  # sizeof(sockaddr_un::sun_path) - 1
_LONGEST_TRACE_ID = 64  # what the daemon takes
_LARGEST_FILE = 1 << 20  # of a token, certificate or key, in bytes


@dataclass(frozen=True)
class Settings:
    """Everything that a connection needs to know."""

    address: str  # "unix:PATH" or "HOST:PORT"
    trace_id: str  # of every call, in the daemon's log
    user: str = ""  # who calls through a Unix socket; "" to leave it open
    token: str = ""  # "" for none
    tls_ca: bytes = b""  # PEM text of the certificates to trust; empty for no TLS
    tls_cert: bytes = b""  # PEM text of the caller's own, with its key; empty for none
    tls_key: bytes = b""

    @property
    def is_socket(self) -> bool:
        return self.address.startswith("unix:")

    def metadata(self) -> tuple[tuple[str, str], ...]:
        """What each call tells of its caller."""
        pairs = [("x-trace-id", self.trace_id)]
        if self.token:
            pairs.append(("authorization", f"Bearer {self.token}"))
        if self.user:
            pairs.append(("oneloop-user", self.user))
        return tuple(pairs)


def is_loopback(address: str) -> bool:
    """Whether the address is this machine's loopback interface."""
    return address.rpartition(":")[0] in ("127.0.0.1", "[::1]", "localhost")


def resolve(
    server: str | None = None,
    *,
    token_file: str | os.PathLike[str] | None = None,
    tls_ca: str | os.PathLike[str] | None = None,
    tls_cert: str | os.PathLike[str] | None = None,
    tls_key: str | os.PathLike[str] | None = None,
    trace_id: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """What no argument says, a variable of the environment may. InvalidArgument names the argument or variable."""
    env = os.environ if environ is None else environ
    address = _address(server, env)
    trace = _trace_id(trace_id, env)
    if address.startswith("unix:"):
        return Settings(address, trace, user=_user(env))
    ca, cert, key = (
        _small_file(name, path or env.get(f"ONELOOP_{name.upper()}", ""))
        for name, path in (("tls_ca", tls_ca), ("tls_cert", tls_cert), ("tls_key", tls_key))
    )
    if bool(cert) != bool(key):
        raise invalid("tls_cert", "tls_cert and tls_key: give both or none")
    if cert and not ca:
        raise invalid("tls_cert", "needs tls_ca")
    token = _token(token_file, address, env)
    if token and not ca and not is_loopback(address):
        raise invalid(
            "tls_ca",
            "a token goes to another machine only with TLS: pass tls_ca, or tunnel through ssh to a port of 127.0.0.1",
        )
    return Settings(address, trace, token=token, tls_ca=ca, tls_cert=cert, tls_key=key)


def _data_dir(env: Mapping[str, str]) -> str:
    """The daemon's default data directory; "" when there is none."""
    data_home = env.get("XDG_DATA_HOME", "")
    if data_home.startswith("/"):
        return f"{data_home}/oneloop"
    home = env.get("HOME", "")
    return f"{home}/.local/share/oneloop" if home else ""


def _address(server: str | None, env: Mapping[str, str]) -> str:
    for source, address in (("server", server), ("ONELOOP_SERVER", env.get("ONELOOP_SERVER"))):
        if address:
            return _checked_address(source, address)
    folder = _data_dir(env)
    if not folder:
        raise invalid("server", "no daemon is named and HOME is not set: pass unix:PATH or HOST:PORT")
    return _checked_address("the default address", f"unix:{folder}/oneloop.sock")


def _checked_address(source: str, address: str) -> str:
    if address.startswith("unix:"):
        path = address.removeprefix("unix:")
        if len(os.fsencode(path)) > _LONGEST_SOCKET_PATH:
            raise invalid(source, f"'{address}': a socket's path has at most {_LONGEST_SOCKET_PATH} characters")
        if path:
            return address
    else:
        host, _, port = address.rpartition(":")
        if host and "/" not in address and re.fullmatch(r"[0-9]{1,9}", port) and 1 <= int(port) <= 65535:
            return address
    raise invalid(source, f"'{address}' is neither unix:PATH nor HOST:PORT")


def _small_file(argument: str, path: str | os.PathLike[str] | None) -> bytes:
    """Empty when there is no path."""
    if not path:
        return b""
    try:
        with open(path, "rb") as file:
            data = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise invalid(argument, f"{path}: cannot be read: {error.strerror}") from None
    if not data or len(data) > _LARGEST_FILE:
        raise invalid(argument, f"{path} is {'larger than 1 MiB' if data else 'empty'}")
    return data


def _token(token_file: str | os.PathLike[str] | None, address: str, env: Mapping[str, str]) -> str:
    if token_file:
        source, token = "token_file", _token_of_file(token_file)
    elif env.get("ONELOOP_TOKEN"):
        source, token = "ONELOOP_TOKEN", env["ONELOOP_TOKEN"]
    elif is_loopback(address):
        # Another machine must not learn this one's token.
        source, token = f"{_data_dir(env)}/local.token", _local_token(env)
    else:
        return ""
    # Metadata are ASCII without control characters; anything else would end the connection without a word.
    if not re.fullmatch(r"[!-~]*", token):
        raise invalid(source, "is no token; one begins with olt_")
    return token


def _token_of_file(path: str | os.PathLike[str]) -> str:
    try:
        shared = bool(stat.S_IMODE(os.stat(path).st_mode) & 0o077)
    except OSError:
        shared = False  # reading it says why
    if shared:
        raise invalid("token_file", f"{path} can be read by others; change that: chmod 600 {path}")
    return _small_file("token_file", path).decode("latin-1").strip()


def _local_token(env: Mapping[str, str]) -> str:
    """What the daemon of this machine has left for its own user; "" when there is none, or it is another user's."""
    try:
        with open(f"{_data_dir(env)}/local.token", encoding="latin-1") as file:
            return next(iter(file.read(_LARGEST_FILE).split()), "")
    except OSError:
        return ""


def _user(env: Mapping[str, str]) -> str:
    """A name that the daemon would take."""
    user = env.get("USER") or env.get("LOGNAME") or ""
    return user if re.fullmatch(r"[A-Za-z0-9._@+-]{1,64}", user) else ""


def _trace_id(given: str | None, env: Mapping[str, str]) -> str:
    source, trace_id = ("trace_id", given) if given else ("ONELOOP_TRACE_ID", env.get("ONELOOP_TRACE_ID", ""))
    if not trace_id:
        return uuid.uuid4().hex
    if not re.fullmatch(r"[!-~]+", trace_id) or len(trace_id) > _LONGEST_TRACE_ID:
        raise invalid(
            source,
            f"has another form; valid: 1 to {_LONGEST_TRACE_ID} printable ASCII characters, no spaces",
        )
    return trace_id
