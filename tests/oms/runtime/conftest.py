"""A copy of the checkout with a `var/` of its own, in which the two commands are really run and killed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent.parent
PARTS = ("oms", "customers", "inventory", "payments", "orders", "reporting", "templates", "static", "manage.py",
         "requirements.lock", "Makefile")  # fmt: skip
FOREIGN = ("OMS_", "DATABASE_", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "SECRET_KEY", "MAKE", "PORT")


class House:
    """The copy: starts its supervisor, reads what it says, kills it, and looks for what is left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = folder.with_suffix(".out")
        self.running: subprocess.Popen[bytes] | None = None

    def environment(self, **more: str) -> dict[str, str]:
        """Ours without what this test run set for itself."""
        return {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)} | more

    def start(self, **environment: str) -> str:
        """Start the supervisor; its output until it was ready. Fails when it ends before."""
        with self.out.open("wb") as output:
            self.running = subprocess.Popen(
                [sys.executable, "-m", "oms.runtime.supervisor"], cwd=self.folder, env=self.environment(**environment),
                stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        end = time.monotonic() + 300
        while "Ready in" not in (said := self.out.read_text()):
            assert self.running.poll() is None, said
            assert time.monotonic() < end, said
            time.sleep(0.05)
        return said

    def url(self) -> str:
        """Where the running one says it answers."""
        found = re.search(r"Ready in \d+ s: (\S+)", self.out.read_text())
        assert found
        return found[1]

    def end(self, sig: int) -> int:
        """Send the supervisor a signal and wait for it; its exit code."""
        assert self.running is not None
        self.running.send_signal(sig)
        code = self.running.wait(60)
        self.running = None
        return code

    def processes(self) -> list[str]:
        """Every living process that works in the copy or was started from it."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                where = os.readlink(entry / "cwd")
            except OSError:
                continue
            if state != "Z" and (str(self.folder) in command or where.startswith(str(self.folder))):
                found.append(f"{entry.name} {command[:160]}")
        return found

    def left_after(self, seconds: float) -> list[str]:
        """What still lives after at most so long."""
        end = time.monotonic() + seconds
        while (left := self.processes()) and time.monotonic() < end:
            time.sleep(0.05)
        return left

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a management command in the copy."""
        return subprocess.run(
            [sys.executable, str(self.folder / "manage.py"), *arguments], cwd=self.folder, env=self.environment(),
            capture_output=True, text=True, timeout=180,
        )  # fmt: skip

    def close(self) -> None:
        """Leave nothing behind."""
        if self.running is not None:
            self.end(signal.SIGTERM)
        self.manage("services", "stop")
        where = "from oms.runtime import paths; print(paths.outside())"
        outside = subprocess.run([sys.executable, "-c", where], cwd=self.folder, env=self.environment(),
                                 capture_output=True, text=True, check=True)  # fmt: skip
        shutil.rmtree(outside.stdout.strip(), ignore_errors=True)


def copied(folder: Path) -> House:
    """A copy of the checkout in a new folder, with this one's environment."""
    folder.mkdir()
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part)
        else:
            shutil.copy2(ROOT / part, folder / part)
    (folder / ".venv").symlink_to((ROOT / ".venv").resolve())
    return House(folder)


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The copy, below a folder with a space; its practice company is filled by the first start."""
    made = copied(tmp_path_factory.mktemp("a house") / "copy")
    made.first = made.start()  # type: ignore[attr-defined]
    yield made
    made.close()


PERSON = "from oms.access.services import create_user; from oms.accounts.selectors import system_user; " \
         "create_user('sofia', by=system_user(), password='a-Test-password-9', roles=['sales'], first_name='Sofia', last_name='Laurent')"  # fmt: skip


@pytest.fixture(scope="module")
def bare_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A copy with its services up, migrated, and one person in it: what there is to copy and to put back."""
    made = copied(tmp_path_factory.mktemp("a bare house") / "copy")
    for command in (["services", "start"], ["migrate", "-v", "0"], ["shell", "-v", "0", "-c", PERSON]):
        done = made.manage(*command)
        assert done.returncode == 0, done.stdout + done.stderr
    yield made
    made.close()
