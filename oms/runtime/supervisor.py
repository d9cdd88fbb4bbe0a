"""`make demo`: services, database, web, worker, scheduler and relay under one parent, up until Ctrl-C.

Every child dies with its parent, also after kill -9 (PR_SET_PDEATHSIG); the next start waits for what is still ending.
A child that ends by itself is started again, unless it keeps ending. What has not changed is not prepared again:
then everything starts side by side. A second `make demo` beside a running one says where the first one is.
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

from oms.runtime import paths, postgres, process, valkey

PORT = 8000
PORTS_TRIED = 20
MANAGE = [sys.executable, str(paths.BASE / "manage.py")]
ENVIRONMENT = {"DJANGO_SETTINGS_MODULE": "oms.settings", "PYTHONPATH": str(paths.BASE)}
# What a migrated database, and what the collected static files depend on.
SCHEMA = ("*/migrations/*.py", "*/*/lifecycle.py", "oms/kernel/guards.py", "oms/runtime/roles.py")
STATIC = ("static/**/*", "requirements.lock")
ENDS_ALLOWED = 5
ENDS_WINDOW_SECONDS = 60


def say(text: str) -> None:
    """Print at once."""
    with suppress(OSError):  # the terminal may be gone
        print(text, flush=True)


def only_one() -> IO[str]:
    """The lock of this instance, held while we live; SystemExit with the other's address when it is taken."""
    file = (paths.var() / "supervisor.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        address = file.read().strip() or "it is just starting or stopping"
        raise SystemExit(f"It already runs from this folder: {address}. Stop it there with Ctrl-C first.") from None
    file.truncate(0)
    return file


def is_running() -> bool:
    """Whether a supervisor of this instance lives."""
    with (paths.var() / "supervisor.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def listen(host: str, wanted: int) -> socket.socket:
    """A listening socket on `wanted` or the next port that nobody uses; ours from now on, whoever starts beside us."""
    for port in [*range(wanted, wanted + PORTS_TRIED), 0]:
        opened = socket.socket()
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            opened.bind((host, port))
            opened.listen(512)
        except (OSError, OverflowError):
            opened.close()
            continue
        return opened
    raise SystemExit(f"No free port on {host}. Another address can be set by OMS_HOST, another port by PORT.")


def asked_port() -> int:
    """PORT from the environment, else 8000."""
    asked = os.environ.get("PORT", str(PORT))
    if not asked.isdigit() or not 0 < int(asked) < 65536:
        raise SystemExit(f"PORT must be a number from 1 to 65535, not {asked!r}.")
    return int(asked)


def fingerprint(*patterns: str) -> str:
    """Of the files that match, by name and content."""
    digest = hashlib.sha256()
    for pattern in patterns:
        for path in sorted(paths.BASE.glob(pattern)):
            if path.is_file():
                digest.update(f"{path.relative_to(paths.BASE)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


@dataclass
class Mark:
    """A file beside what was made, saying from what: absent or different means it must be made (again)."""

    path: Path
    wanted: str

    def holds(self) -> bool:
        """Whether what is there was made from what is wanted."""
        return self.path.exists() and self.path.read_text() == self.wanted

    def set(self) -> None:
        """It was made."""
        self.path.write_text(self.wanted)


def children(listening: int) -> dict[str, tuple[list[str], str]]:
    """Command and database role of every process of the application."""
    python = sys.executable
    celery = [python, "-m", "celery", "-A", "oms.celery"]
    gunicorn = [
        python, "-m", "gunicorn", "oms.wsgi", "--worker-class", "gthread", "--workers", "2", "--threads", "8",
        "--bind", f"fd://{listening}", "--preload", "--graceful-timeout", "10", "--max-requests", "20000",
        "--no-control-socket",
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
    except urllib.error.HTTPError as refusal:
        return refusal.code in (301, 302, 400)  # it answers, but to another name or scheme
    except OSError:
        return False


class Stopped(Exception):
    """A signal came while something was awaited."""


@dataclass
class Child:
    """One process, how it is started, and when it ended by itself."""

    name: str
    start: Callable[[], subprocess.Popen[bytes] | None]
    stop_signal: int = signal.SIGTERM
    popen: subprocess.Popen[bytes] | None = None
    ends: list[float] = field(default_factory=list)


class Supervisor:
    """Starts in order, watches, stops in reverse."""

    def __init__(self) -> None:
        self.children: list[Child] = []
        self.stopping = False
        self.listening: socket.socket | None = None  # kept open: a web process started again gets it too
        self.register = process.Register(paths.var() / "children")
        self.logs = paths.var() / "log"

    def run(self) -> int:
        """Everything, until a signal (0) or until a child cannot be kept alive (1)."""
        begun = time.monotonic()
        lock = only_one()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.on_signal)
        try:
            if self.register.alive():
                say("Waiting for what an earlier run left to end …")
            self.register.wait_for_end(20)
            url = self.start(lock)
            say(f"Ready in {time.monotonic() - begun:.0f} s: {url}   (Ctrl-C stops)")
            return self.watch()
        except Stopped:
            return 0
        finally:
            say("Stopping …")
            self.stop()
            lock.truncate(0)

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        """Stop at the next look."""
        self.stopping = True

    def add(self, child: Child) -> Child:
        """Start a child and watch it; one that somebody else runs already is not watched."""
        child.popen = child.start()
        if child.popen is not None:
            self.register.add(child.popen)
            self.children.append(child)
        return child

    def wait(self, ready: Callable[[], bool], seconds: float, child: Child) -> None:
        """Until ready; Stopped after a signal, SystemExit when the child ends or the time is up."""

        def look() -> bool:
            if self.stopping:
                raise Stopped
            return ready()

        process.wait_for(look, seconds, f"{child.name} (see {self.logs})", child.popen)

    def start(self, lock: IO[str]) -> str:
        """Services, preparation, processes; returns the URL."""
        self.logs.mkdir(exist_ok=True)
        self.start_services()
        listening = self.listening = listen(os.environ.get("OMS_HOST", "127.0.0.1"), asked_port())
        host, port = listening.getsockname()
        url = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"  # noqa: S104
        os.environ.setdefault("SITE_URL", url)  # links in mail lead back here
        wanted = children(listening.fileno())
        schema = Mark(postgres.paths.postgres_home() / "oms_prepared", fingerprint(*SCHEMA))
        static = Mark(paths.var() / "static" / "collected", fingerprint(*STATIC))
        embedded = not os.environ.get("DATABASE_URL")
        unchanged = embedded and schema.holds()

        filling = self.begin("demo", "--migrate", role="worker")
        if not static.holds():
            shutil.rmtree(static.path.parent, ignore_errors=True)
            self.end(self.begin("collectstatic", "--noinput", "-v", "0"))
            static.set()
        web = self.launch("web", wanted, listening)
        if unchanged:
            self.launch_others(wanted)
        self.end(filling)
        if not unchanged:
            if embedded:
                schema.set()
            self.launch_others(wanted)
        self.wait(lambda: answers(f"{url}/ready/"), 90, web)
        lock.write(url)
        lock.flush()
        return url

    def start_services(self) -> None:
        """PostgreSQL and Valkey, side by side, unless an address names others."""
        logs = paths.var()
        if not os.environ.get("REDIS_URL"):
            bell = self.add(Child("Valkey", lambda: valkey.launch(tied=True)))
        if not os.environ.get("DATABASE_URL"):
            with postgres.one_at_a_time():
                base = self.add(Child("PostgreSQL", lambda: postgres.launch(tied=True), signal.SIGINT))
                self.logs = logs
                self.wait(postgres.is_ready, 120, base)
        if not os.environ.get("REDIS_URL"):
            self.wait(valkey.is_ready, 20, bell)
        self.logs = logs / "log"

    def begin(self, *arguments: str, role: str = "app") -> Child:
        """Start a management command that writes to our output."""
        environment = {**ENVIRONMENT, "OMS_DATABASE_ROLE": role}
        command = [*MANAGE, *arguments]
        return self.add(Child(f"manage.py {arguments[0]}", lambda: process.start(command, log=None, env=environment)))

    def end(self, child: Child) -> None:
        """Wait for a management command; SystemExit when it failed."""
        assert child.popen is not None
        while child.popen.poll() is None:
            if self.stopping:
                raise Stopped
            time.sleep(0.02)
        self.children.remove(child)
        if child.popen.returncode:
            raise SystemExit(f"{child.name} failed; see above.")

    def launch(self, name: str, wanted: dict[str, tuple[list[str], str]], listening: socket.socket | None = None) -> Child:
        """Start one of the application's processes."""
        command, role = wanted[name]
        environment = {**ENVIRONMENT, "OMS_DATABASE_ROLE": role}
        keep = [listening.fileno()] if listening else []
        log = self.logs / f"{name}.log"
        return self.add(Child(name, lambda: process.start(command, log=log, env=environment, keep=keep)))

    def launch_others(self, wanted: dict[str, tuple[list[str], str]]) -> None:
        """All but web."""
        for name in wanted:
            if name != "web":
                self.launch(name, wanted)

    def watch(self) -> int:
        """Wait for a signal (0); start again what ends; give up (1) on what ends again and again."""
        while not self.stopping:
            for child in self.children:
                if child.popen is not None and child.popen.poll() is not None and not self.revive(child):
                    return 1
            time.sleep(0.25)
        return 0

    def revive(self, child: Child) -> bool:
        """Start an ended child again; False when it ended too often within a minute."""
        assert child.popen is not None
        process.stop(child.popen)  # whatever is left of its session
        now = time.monotonic()
        child.ends = [at for at in child.ends if now - at < ENDS_WINDOW_SECONDS] + [now]
        if len(child.ends) > ENDS_ALLOWED:
            say(f"{child.name} keeps ending (exit {child.popen.returncode}); see {paths.var() / 'log'} and {paths.var()}/*.log.")
            return False
        say(f"{child.name} ended (exit {child.popen.returncode}); starting it again.")
        child.popen = child.start()
        if child.popen is None:  # somebody else started it meanwhile
            self.children.remove(child)
        else:
            self.register.add(child.popen)
        return True

    def stop(self) -> None:
        """Stop everything started: the application side by side, then the services, last first."""
        last = ("relay", "Valkey", "PostgreSQL")  # the relay seals what the others wrote to the end
        services = [child for name in last for child in self.children if child.name == name]
        others = [child for child in self.children if child not in services]
        for child in others:
            if child.popen is not None and child.popen.poll() is None:
                child.popen.send_signal(child.stop_signal)
        end = time.monotonic() + 15
        for child in others:
            while child.popen is not None and child.popen.poll() is None and time.monotonic() < end:
                time.sleep(0.02)
        for child in [*others, *services]:
            if child.popen is not None:
                process.stop(child.popen, child.stop_signal, 60 if child in services else 1)
        self.register.clear()


def tie_to_make() -> None:
    """Under make we end when make is killed."""
    if "MAKELEVEL" in os.environ:
        ctypes.CDLL(None).prctl(process.PR_SET_PDEATHSIG, signal.SIGTERM)


def main() -> int:
    """Entry of `python -m oms.runtime.supervisor`."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # seven processes would compile everything each
    tie_to_make()
    os.chdir(Path(paths.BASE))
    return Supervisor().run()


if __name__ == "__main__":
    sys.exit(main())
