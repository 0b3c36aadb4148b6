"""A look at an address that does not answer calls: who is there?"""

from __future__ import annotations

import socket
import ssl

from oneloop._plans import Listener
from oneloop._settings import Settings

_SECONDS = 2.0  # that a look may take, twice: to connect, and to shake hands


def look_at(settings: Settings) -> Listener:
    """Connects, and tries whether TLS fits. May wait for seconds."""
    try:
        connection = _connect(settings.address)
    except TimeoutError:
        return Listener.MUTE
    except OSError:
        return Listener.NOBODY
    with connection:
        if settings.is_socket or _speaks_tls(connection, settings) == bool(settings.tls_ca):
            return Listener.SOMEBODY
        return Listener.UNFIT


def _connect(address: str) -> socket.socket:
    if not address.startswith("unix:"):
        host, _, port = address.rpartition(":")
        return socket.create_connection((host.strip("[]"), int(port)), timeout=_SECONDS)
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(_SECONDS)
        connection.connect(address.removeprefix("unix:"))
    except OSError:
        connection.close()
        raise
    return connection


def _speaks_tls(connection: socket.socket, settings: Settings) -> bool:
    """With the certificates that the client trusts, if it trusts any: TLS that it cannot trust is none."""
    context = ssl.create_default_context(cadata=settings.tls_ca.decode("latin-1")) if settings.tls_ca else None
    if context is None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    host = settings.address.rpartition(":")[0].strip("[]")
    try:
        with context.wrap_socket(connection, server_hostname=host) as secure:
            # A server that wants a certificate of the client refuses only now; another one begins to speak.
            return not settings.tls_ca or bool(settings.tls_cert) or secure.recv(1) != b""
    except OSError:
        return False
