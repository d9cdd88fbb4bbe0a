"""Faults for a running application: processes killed, connections cut, the queue emptied, rings repeated; all by one seed.

The application is the real one, under its own supervisor, on an instance of state of its own: nothing of the demo or of the
tests is touched. Before each run its database is a fresh copy of the company it was filled with. What is killed is started
again by whoever does so in production: gunicorn its workers, Celery its children, the supervisor the rest.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from oms.runtime import paths, postgres, process, supervisor, valkey

INSTANCE = "chaos"
BASE = "oms_base"
READY_SECONDS = 300
# By what in its command line a child of the supervisor is known.
KNOWN = {"web": "gunicorn", "worker": "celery -A oms.celery worker", "scheduler": "celery -A oms.celery beat", "relay": "manage.py relay",
         "queue": "valkey-server", "server": "postgres -D"}  # fmt: skip


def environment() -> dict[str, str]:
    """What makes a process one of this instance."""
    return {"OMS_INSTANCE": INSTANCE, "DATABASE_URL": "", "REDIS_URL": "", "PYTHONPATH": str(paths.BASE)}


def admin(name: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
    """An autocommit connection as superuser."""
    return psycopg.connect(host=str(paths.socket_dir()), dbname=name, user="postgres", autocommit=True, connect_timeout=5)


def fresh_database(fill: Callable[[], None]) -> None:
    """Database `oms` as a copy of the filled company; filled by `fill` when there is none of this state of the schema."""
    child = postgres.start(tied=True)
    mark = supervisor.fingerprint(*supervisor.SCHEMA)
    try:
        with admin() as server:
            known = server.execute("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [BASE]).fetchone()
            server.execute("DROP DATABASE IF EXISTS oms WITH (FORCE)")
            if known != (mark,):
                server.execute(f"DROP DATABASE IF EXISTS {BASE} WITH (FORCE)")
                server.execute("CREATE DATABASE oms OWNER oms_owner")
                fill()
                server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'oms'")
                server.execute(f"ALTER DATABASE oms RENAME TO {BASE}")
                server.execute(f"COMMENT ON DATABASE {BASE} IS '{mark}'")
            server.execute(f"CREATE DATABASE oms OWNER oms_owner TEMPLATE {BASE} STRATEGY wal_log")
    finally:
        if child is not None:
            process.stop(child, signal.SIGINT, 60)


@contextmanager
def running() -> Iterator[Application]:
    """The application under its supervisor until the block ends."""
    log = paths.var() / "supervisor.log"
    log.write_bytes(b"")
    child = process.start([sys.executable, "-m", "oms.runtime.supervisor"], log=log, env=environment())
    try:
        process.wait_for(lambda: "Ready in" in log.read_text(), READY_SECONDS, f"The application (see {log})", child)
        yield Application(child, (paths.var() / "supervisor.lock").read_text().strip())
    finally:
        process.stop(child, seconds=60)


class Application:
    """The running application, and what can be done to it. Each fault says whether it found what it breaks."""

    def __init__(self, child: subprocess.Popen[bytes], url: str) -> None:
        self.child, self.url = child, url

    def children(self) -> dict[str, int]:
        """The supervisor's processes that live now, by name."""
        found = {}
        for pid in offspring(self.child.pid):
            with suppress(OSError):
                command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                found.update({name: pid for name, word in KNOWN.items() if word in command})
        return found

    def kill(self, name: str) -> bool:
        """SIGKILL one process of the supervisor with all it started."""
        pid = self.children().get(name)
        if pid is None:
            return False
        kill([*offspring(pid), pid])
        return True

    def kill_child(self, name: str, chance: random.Random) -> bool:
        """SIGKILL one process that `name` started: a gunicorn worker, a Celery child, a backend of PostgreSQL."""
        pid = self.children().get(name)
        below = offspring(pid) if pid else []
        if name == "server":
            below = [b for b in below if b in set(self.backends())]
        return kill([chance.choice(sorted(below))]) if below else False

    def backends(self) -> list[int]:
        """The backends that serve the application now."""
        with suppress(psycopg.Error), admin() as server:
            rows = server.execute("SELECT pid FROM pg_stat_activity WHERE datname = 'oms' AND usename <> 'postgres' ORDER BY pid").fetchall()
            return [int(str(pid)) for (pid,) in rows]
        return []

    def cut_backends(self, chance: random.Random) -> bool:
        """pg_terminate_backend on every second connection."""
        pids = [pid for pid in self.backends() if chance.random() < 0.5]
        with suppress(psycopg.Error), admin() as server:
            server.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s::int[]) pid", [pids])
            return bool(pids)
        return False

    def wipe_queue(self) -> bool:
        """Everything in Valkey is gone."""
        return said_to_queue(b"FLUSHALL\r\n").startswith(b"+OK")

    def ready(self) -> bool:
        """Whether the web process reaches its database."""
        return supervisor.answers(f"{self.url}/ready/")


def offspring(pid: int) -> list[int]:
    """The living processes below a process, the deepest last."""
    below: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if fields[0] != "Z":
                below.setdefault(int(fields[1]), []).append(int(entry.name))
    found, queue = [], [pid]
    while queue:
        children = below.get(queue.pop(0), [])
        found += children
        queue += children
    return found


def kill(pids: list[int]) -> bool:
    """SIGKILL them all, the last ones first."""
    for pid in reversed(pids):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return True


def said_to_queue(line: bytes) -> bytes:
    """One command to Valkey and the beginning of its answer; empty when it is away."""
    with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
        client.settimeout(2)
        client.connect(str(valkey.socket_path()))
        client.sendall(line)
        return client.recv(64)
    return b""


def faults(app: Application, chance: random.Random, repeat: Callable[[], bool]) -> dict[str, Callable[[], bool]]:
    """Every kind of fault by name; `repeat` sends rings that were sent before once more."""
    return {
        "worker_child_killed": lambda: app.kill_child("worker", chance), "worker_killed": lambda: app.kill("worker"),
        "web_worker_killed": lambda: app.kill_child("web", chance), "web_killed": lambda: app.kill("web"),
        "relay_killed": lambda: app.kill("relay"), "scheduler_killed": lambda: app.kill("scheduler"),
        "connections_cut": lambda: app.cut_backends(chance), "backend_killed": lambda: app.kill_child("server", chance),
        "server_killed": lambda: app.kill("server"), "queue_wiped": app.wipe_queue, "queue_killed": lambda: app.kill("queue"),
        "rings_repeated": repeat,
    }  # fmt: skip


def shake(kinds: dict[str, Callable[[], bool]], chance: random.Random, until: float) -> dict[str, int]:
    """Faults in a shuffled order, again and again, seconds apart, until the time (monotonic) is up; how many of each.

    Of every kind one a round, so that no process ends so often that its supervisor gives it up.
    """
    done = dict.fromkeys(kinds, 0)
    waiting: list[str] = []
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, chance.uniform(0.8, 3)))
        if time.monotonic() >= until:
            break
        if not waiting:
            waiting = chance.sample(list(kinds), len(kinds))
        name = waiting.pop()
        done[name] += kinds[name]()
    return {name: n for name, n in done.items() if n}
