"""`make demo`: services, database, web, worker, scheduler and relay under one parent, up until Ctrl-C.

Every child dies with its parent, also after kill -9 (PR_SET_PDEATHSIG). Migrations and static files are skipped when
nothing they depend on has changed. A second `make demo` beside a running one says where the first one is.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import IO

from oms.runtime import paths, postgres, process, valkey

PORT = 8000
MANAGE = [sys.executable, str(paths.BASE / "manage.py")]


def say(text: str) -> None:
    """Print at once."""
    print(text, flush=True)


def only_one() -> IO[str]:
    """The lock of this instance, held while we live; SystemExit with the other's address when it is taken."""
    file = (paths.var() / "supervisor.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        address = file.read().strip() or "starting"
        raise SystemExit(f"It already runs from this folder: {address}. Stop it there with Ctrl-C first.") from None
    file.truncate(0)
    return file


def free_port(wanted: int) -> int:
    """`wanted` if nobody listens there, else a free one."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return int(probe.getsockname()[1])
    raise SystemExit("No free port on 127.0.0.1.")


def manage(*arguments: str, role: str = "app") -> None:
    """Run a management command to its end; SystemExit when it fails."""
    done = subprocess.run([*MANAGE, *arguments], env={**os.environ, "OMS_DATABASE_ROLE": role})
    if done.returncode:
        raise SystemExit(f"manage.py {' '.join(arguments)} failed; see above.")


def fingerprint(*patterns: str) -> str:
    """Of the files that match, by name, size and time."""
    digest = hashlib.sha256(os.environ.get("DATABASE_URL", "").encode())
    for pattern in patterns:
        for path in sorted(paths.BASE.glob(pattern)):
            stat = path.stat()
            digest.update(f"{path}|{stat.st_size}|{stat.st_mtime_ns}".encode())
    return digest.hexdigest()


def unless_unchanged(name: str, mark: str, *commands: tuple[str, ...]) -> None:
    """Run the commands, unless they ran for the same `mark` before."""
    path = paths.var() / f"{name}.done"
    if path.exists() and path.read_text() == mark:
        return
    for command in commands:
        manage(*command)
    path.write_text(mark)


def prepare() -> None:
    """Migrate, collect static files, fill the demo company: each once."""
    unless_unchanged("migrate", fingerprint("*/migrations/*.py"), ("migrate", "-v", "0"))
    unless_unchanged(
        "static", fingerprint("static/**/*", "requirements.lock"), ("collectstatic", "--noinput", "-v", "0")
    )
    manage("demo", role="worker")


def children(port: int) -> dict[str, tuple[list[str], str]]:
    """Command and database role of every process of the application."""
    python = sys.executable
    celery = [python, "-m", "celery", "-A", "oms.celery"]
    gunicorn = [
        python, "-m", "gunicorn", "oms.wsgi", "--worker-class", "gthread", "--workers", "2", "--threads", "8",
        "--bind", f"127.0.0.1:{port}", "--preload", "--graceful-timeout", "10", "--max-requests", "20000",
        "--control-socket", str(paths.socket_dir() / "gunicorn.ctl"),
    ]  # fmt: skip
    return {
        "web": (gunicorn, "app"),
        "worker": ([*celery, "worker", "--concurrency", "2", "--without-gossip", "--without-mingle", "-l", "WARNING"], "worker"),
        "scheduler": ([*celery, "beat", "-s", str(paths.var() / "beat"), "--pidfile", "", "-l", "WARNING"], "worker"),
        "relay": ([*MANAGE, "relay"], "worker"),
    }


def answers(url: str) -> bool:
    """Whether the web process is ready."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False


class Supervisor:
    """Starts in order, watches, stops in reverse."""

    def __init__(self) -> None:
        self.started: list[tuple[str, subprocess.Popen[bytes], int]] = []
        self.stopping = False

    def add(self, name: str, child: subprocess.Popen[bytes] | None, stop_signal: int = signal.SIGTERM) -> None:
        """Watch a child; None is a service somebody else runs."""
        if child is not None:
            self.started.append((name, child, stop_signal))

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        """Stop at the next look."""
        self.stopping = True

    def run(self) -> int:
        """Everything, until a signal or until a child ends by itself (exit 1)."""
        begun = time.monotonic()
        lock = only_one()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.on_signal)
        try:
            url = self.start(lock)
            say(f"Ready in {time.monotonic() - begun:.0f} s: {url}   (Ctrl-C stops)")
            return self.watch()
        finally:
            self.stop()
            lock.truncate(0)

    def start(self, lock: IO[str]) -> str:
        """Services, preparation, processes; returns the URL."""
        if not os.environ.get("DATABASE_URL"):
            self.add("PostgreSQL", postgres.start(tied=True), signal.SIGINT)
        if not os.environ.get("REDIS_URL"):
            self.add("Valkey", valkey.start(tied=True))
        prepare()
        port = free_port(int(os.environ.get("PORT", PORT)))
        url = f"http://127.0.0.1:{port}"
        lock.write(url)
        lock.flush()
        logs = paths.var() / "log"
        logs.mkdir(exist_ok=True)
        for name, (command, role) in children(port).items():
            environment = {"OMS_DATABASE_ROLE": role, "DJANGO_SETTINGS_MODULE": "oms.settings", "PYTHONPATH": str(paths.BASE)}
            self.add(name, process.start(command, log=logs / f"{name}.log", env=environment))
        web = next(child for name, child, _s in self.started if name == "web")
        process.wait_for(lambda: answers(f"{url}/ready/") or self.stopping, 60, "The web process", web)
        return url

    def watch(self) -> int:
        """Wait for a signal (0) or the end of a child (1)."""
        while not self.stopping:
            for name, child, _signal in self.started:
                if child.poll() is not None:
                    say(f"{name} ended (exit {child.returncode}); see {paths.var() / 'log'}. Stopping.")
                    return 1
            time.sleep(0.5)
        say("Stopping …")
        return 0

    def stop(self) -> None:
        """Stop everything started, last first."""
        for _name, child, stop_signal in reversed(self.started):
            process.stop(child, stop_signal)


def main() -> int:
    """Entry of `python -m oms.runtime.supervisor`."""
    os.chdir(Path(paths.BASE))
    return Supervisor().run()


if __name__ == "__main__":
    sys.exit(main())
