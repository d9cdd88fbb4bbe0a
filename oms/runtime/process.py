"""Child processes that never outlive their parent, and signals that reach them."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from oms.runtime.paths import NOBODY, as_nobody

PR_SET_PDEATHSIG = 1


def dies_with_parent(sig: int) -> Callable[[], None]:
    """For `preexec_fn`: the kernel sends `sig` to the child when its parent is gone, even after kill -9."""
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
    log: Path,
    env: Mapping[str, str] | None = None,
    nobody: bool = False,
    tied: bool = True,
    death: int = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, its output appended to `log`.

    `nobody`: as user nobody when we are root. `tied`: it gets the signal `death` when we die.
    """
    identity = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if nobody and as_nobody() else {}
    with log.open("ab") as output:
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            start_new_session=True,
            preexec_fn=dies_with_parent(death) if tied else None,
            **identity,
        )


def stop(child: subprocess.Popen[bytes], sig: int = signal.SIGTERM, seconds: float = 15) -> None:
    """Ask a child to stop, wait, and end its whole session if it does not."""
    if child.poll() is None:
        child.send_signal(sig)
        with suppress(subprocess.TimeoutExpired):
            child.wait(seconds)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def wait_for(ready: Callable[[], bool], seconds: float, what: str, child: subprocess.Popen[bytes] | None = None) -> None:
    """Poll `ready` until it is true; SystemExit with `what` when the time is up or the child has ended."""
    end = time.monotonic() + seconds
    while not ready():
        if child is not None and child.poll() is not None:
            raise SystemExit(f"{what} ended at once (exit {child.returncode}).")
        if time.monotonic() > end:
            raise SystemExit(f"{what} did not become ready within {seconds:.0f} s.")
        time.sleep(0.05)
