"""POST to a stranger's address: https on port 443 only, resolved once, every address public, connected to just that one.

No redirect is followed, no body is read: the status is all that counts. The certificate is checked for the host's name.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from threading import Timer
from urllib.parse import urlsplit

SECONDS = 5.0
WHOLE_SECONDS = 10.0


class Unreachable(Exception):
    """It did not get through, or may not be tried; the text says why."""


def target(url: str) -> tuple[str, str]:
    """(host, path with query) of an address that may be called. Raises Unreachable."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Unreachable("not an address") from error
    if parts.scheme != "https" or port not in (None, 443) or not parts.hostname or parts.username or parts.password:
        raise Unreachable("only https on port 443, without a password")
    return parts.hostname, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def public_address(host: str) -> str:
    """The one address that is called, when everything the name resolves to is public. Raises Unreachable."""
    try:
        found = [str(info[4][0]) for info in socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError) as error:
        raise Unreachable("the name can't be resolved") from error
    for text in found:
        ip = ipaddress.ip_address(text.partition("%")[0])
        mapped = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None) or ip
        if not mapped.is_global or mapped.is_multicast or not ip.is_global:
            raise Unreachable("not a public address")
    if not found:
        raise Unreachable("the name can't be resolved")
    return found[0]


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """The status of the answer. Raises Unreachable."""
    host, path = target(url)
    address = public_address(host)
    try:
        plain = socket.create_connection((address, 443), timeout=SECONDS)
    except OSError as error:
        raise Unreachable(f"no connection: {type(error).__name__}") from error

    def stop() -> None:
        with suppress(OSError):  # it may have ended meanwhile
            plain.shutdown(socket.SHUT_RDWR)

    end = Timer(WHOLE_SECONDS, stop)
    end.daemon = True
    end.start()
    try:
        connection = http.client.HTTPConnection(host, 443, timeout=SECONDS)
        connection.sock = plain = ssl.create_default_context().wrap_socket(plain, server_hostname=host)
        connection.request("POST", path, body=body, headers={**headers, "Connection": "close"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unreachable(f"{type(error).__name__}") from error
    finally:
        end.cancel()
        plain.close()
