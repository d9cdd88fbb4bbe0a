"""Child processes that never outlive their parent, and signals that reach them."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from oms.runtime.paths import NOBODY, as_nobody

PR_SET_PDEATHSIG = 1


def dies_with_parent(sig: int) -> Callable[[], None]:
    """For `preexec_fn`: the kernel sends `sig` to the child when its parent is gone, even after kill -9.

    More exactly when the *thread* that started it is gone: start tied children from the main thread only.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def arrange() -> None:
        libc.prctl(PR_SET_PDEATHSIG, sig)
        if os.getppid() != parent:
            os.kill(os.getpid(), sig)

    return arrange


def start(
    command: Sequence[str | Path],
    *,
    log: Path | None,
    env: Mapping[str, str] | None = None,
    nobody: bool = False,
    tied: bool = True,
    death: int = signal.SIGTERM,
    keep: Iterable[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, its output appended to `log` (None: where ours goes).

    `nobody`: as user nobody when we are root. `tied`: it gets the signal `death` when we die. `keep`: open files it
    inherits.
    """
    identity = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if nobody and as_nobody() else {}
    output = log.open("ab") if log else None
    try:
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            env={**os.environ, **(env or {})},
            start_new_session=True,
            preexec_fn=dies_with_parent(death) if tied else None,
            pass_fds=tuple(keep),
            **identity,
        )
    finally:
        if output:
            output.close()


def stop(child: subprocess.Popen[bytes], sig: int = signal.SIGTERM, seconds: float = 15) -> None:
    """Ask a child to stop, wait, and end its whole session if it does not."""
    if child.poll() is None:
        child.send_signal(sig)
        with suppress(subprocess.TimeoutExpired):
            child.wait(seconds)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def started_at(pid: int) -> str | None:
    """When a process was started, in the kernel's ticks: with its number it names one process for ever. None: gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def session_of(sid: int) -> list[int]:
    """The living processes of a session."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == sid and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def end_orphans(mark: Path) -> list[int]:
    """Kill the servers that name `mark` in their command and whose folder was deleted under them; returns who they were.

    A checkout removed while its services ran leaves them at the address that a new checkout in its place uses.
    """
    ended = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (entry / "cmdline").read_bytes().split(b"\0")
            if any(str(mark).encode() in part for part in command) and os.readlink(entry / "cwd").endswith(" (deleted)"):
                os.kill(int(entry.name), signal.SIGKILL)
                ended.append(int(entry.name))
    for pid in ended:
        while started_at(pid) is not None:
            time.sleep(0.01)
    return ended


class Register:
    """The children of a supervisor, on file: after its kill -9 the next one waits for them to end."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def add(self, child: subprocess.Popen[bytes]) -> None:
        """Note a child that was started."""
        with self.file.open("a") as file:
            file.write(f"{child.pid} {started_at(child.pid)}\n")

    def clear(self) -> None:
        """All have ended."""
        self.file.unlink(missing_ok=True)

    def alive(self) -> list[int]:
        """Those noted that still live, or whose session does."""
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        noted = [(int(pid), ticks) for pid, ticks in (line.split() for line in lines)]
        return [pid for pid, ticks in noted if started_at(pid) in (ticks, None) and session_of(pid)]

    def wait_for_end(self, seconds: float) -> None:
        """Until all have ended; whoever takes longer than `seconds` is killed with its session."""
        end = time.monotonic() + seconds
        while (left := self.alive()) and time.monotonic() < end:
            time.sleep(0.05)
        for pid in left:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
        self.clear()


def wait_for(ready: Callable[[], bool], seconds: float, what: str, child: subprocess.Popen[bytes] | None = None) -> None:
    """Poll `ready` until it is true; SystemExit with `what` when the time is up or the child has ended."""
    end = time.monotonic() + seconds
    while not ready():
        if child is not None and child.poll() is not None:
            raise SystemExit(f"{what} ended at once (exit {child.returncode}).")
        if time.monotonic() > end:
            raise SystemExit(f"{what} did not become ready within {seconds:.0f} s.")
        time.sleep(0.05)
