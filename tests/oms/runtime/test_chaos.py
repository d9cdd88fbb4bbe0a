"""Faults: one seed gives one order of them, each kind once a round; what lives below a process is found and killed."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from oms.runtime import chaos


def order_of(seed: int, rounds: int, monkeypatch: Any) -> list[str]:
    """The faults of a seed, without the waiting."""
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    said: list[str] = []
    kinds = {name: lambda name=name: bool(said.append(name)) or name != "c" for name in "abcde"}
    done = chaos.shake(kinds, random.Random(seed), rounds * 20.0)
    assert done == {name: said.count(name) for name in "abde" if name in said}  # "c" never found what it breaks
    return said


def test_a_seed_gives_the_same_faults_again_and_each_kind_once_a_round(monkeypatch: Any) -> None:
    first = order_of(7, 5, monkeypatch)
    assert first == order_of(7, 5, monkeypatch) != order_of(8, 5, monkeypatch)
    assert len(first) >= 20 and all(set(first[n : n + 5]) == set("abcde") for n in range(0, 20, 5))


def test_every_process_below_one_is_killed_with_it() -> None:
    script = "import subprocess, sys, time; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); print(p.pid, flush=True); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    grandchild = int(child.stdout.readline())
    assert chaos.offspring(child.pid) == [grandchild]
    chaos.kill([child.pid, grandchild])
    assert child.wait(5) == -9
    end = time.monotonic() + 5
    while Path(f"/proc/{grandchild}").exists() and (Path(f"/proc/{grandchild}/stat").read_text().split()[2] != "Z") and time.monotonic() < end:
        time.sleep(0.02)
    assert chaos.offspring(child.pid) == []


def test_a_queue_that_is_away_is_no_fault_of_ours(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setattr(chaos.valkey, "socket_path", lambda: tmp_path / "nobody")
    assert chaos.said_to_queue(b"PING\r\n") == b""
