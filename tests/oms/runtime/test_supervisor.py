"""The supervisor is really started, killed in every way, and started again: nothing left, nothing damaged."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.depth import soak_only
from tests.oms.runtime.conftest import House

pytestmark = pytest.mark.live


def page(url: str) -> int:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return int(answer.status)


def children_of(pid: int) -> dict[str, int]:
    """Name → process of the supervisor's children."""
    names = {"gunicorn": "web", "worker": "worker", "beat": "scheduler", "relay": "relay", "bin/postgres": "PostgreSQL"}
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if parent == pid:
            found |= {name: int(entry.name) for word, name in names.items() if word in command.split(" -c ")[0]}
    return found


def test_the_first_start_fills_the_company_and_says_who_may_sign_in(house: House) -> None:
    said = house.first  # type: ignore[attr-defined]
    for role in ("sales", "approver", "manager", "finance", "warehouse", "partner", "administrator"):
        assert role in said
    assert "Partner key: oms_" in said
    assert page(f"{house.url()}/ready/") == 200
    assert page(f"{house.url()}/sign-in/") == 200


def test_a_second_one_beside_it_says_where_the_first_is(house: House) -> None:
    second = subprocess.run([sys.executable, "-m", "oms.runtime.supervisor"], cwd=house.folder,
                            env=house.environment(), capture_output=True, text=True, timeout=60)  # fmt: skip
    assert second.returncode == 1
    assert house.url() in second.stderr
    assert page(f"{house.url()}/ready/") == 200


def test_services_of_a_running_demo_are_not_pulled_away(house: House) -> None:
    refused = house.manage("services", "stop")
    assert refused.returncode == 1
    assert "Ctrl-C" in refused.stderr
    assert page(f"{house.url()}/ready/") == 200


def test_what_is_killed_comes_back(house: House) -> None:
    assert house.running is not None
    before = children_of(house.running.pid)
    assert set(before) == {"web", "worker", "scheduler", "relay", "PostgreSQL"}
    for name in ("web", "worker", "PostgreSQL"):
        os.kill(before[name], signal.SIGKILL)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        now = children_of(house.running.pid)
        if set(now) == set(before) and not set(now.values()) & {before[n] for n in ("web", "worker", "PostgreSQL")}:
            try:
                if page(f"{house.url()}/ready/") == 200:
                    return
            except OSError:
                pass
        time.sleep(0.1)
    raise AssertionError(house.out.read_text())


@pytest.mark.parametrize("sig", [signal.SIGKILL, *(pytest.param(s, marks=soak_only) for s in (signal.SIGINT, signal.SIGTERM))], ids=lambda s: s.name)
def test_it_ends_wholly_and_starts_again_on_the_same_data(house: House, sig: int) -> None:
    """After kill -9 the next start comes at once: it waits for what is still ending."""
    if house.running is None:
        house.start()
    code = house.end(sig)
    assert code == (-signal.SIGKILL if sig == signal.SIGKILL else 0), house.out.read_text()
    if sig != signal.SIGKILL:
        assert house.left_after(0) == []
    said = house.start()
    assert "Filling" not in said
    assert "Sign in with" in said
    assert page(f"{house.url()}/ready/") == 200
    verified = house.manage("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_kill_9_leaves_no_process_and_a_taken_port_is_passed_over(house: House) -> None:
    house.end(signal.SIGKILL)
    assert house.left_after(20) == []
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        house.start(PORT=str(port))
        assert house.url() != f"http://127.0.0.1:{port}"
        assert page(f"{house.url()}/ready/") == 200
    assert house.end(signal.SIGTERM) == 0


def test_a_port_that_is_none_is_named(house: House) -> None:
    refused = subprocess.run([sys.executable, "-m", "oms.runtime.supervisor"], cwd=house.folder,
                             env=house.environment(PORT="eighty"), capture_output=True, text=True, timeout=60)  # fmt: skip
    assert refused.returncode == 1
    assert "'eighty'" in refused.stderr
    assert house.left_after(10) == []
