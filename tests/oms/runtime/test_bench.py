"""`make bench`: what it runs exists, how a figure stands to its bars, and what becomes of a benchmark that fails."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from oms.runtime import bench, paths

ROOT = Path(__file__).resolve().parent.parent.parent.parent


def test_every_benchmark_names_a_program_that_is_there() -> None:
    for entry in bench.BENCHES.values():
        name = entry.command[2]
        if name.startswith("tests."):
            assert (ROOT / f"{name.replace('.', '/')}.py").exists(), name
        else:
            assert entry.command[1:3] == ["manage.py", "bench_orders"]


@pytest.mark.parametrize(
    ("value", "least", "said"),
    [(0.24, True, "goal"), (0.13, True, "bar"), (0.11, True, "below"), (10, False, "below"), (0.2, False, "bar"), (0.05, False, "goal"), (None, True, "")],
)
def test_a_figure_reaches_its_goal_its_first_bar_or_neither(value: Any, least: bool, said: str) -> None:
    bars = (0.12, 0.24) if least else (0.24, 0.12)
    assert bench.verdict(bench.Figure("x", "x", *bars, least=least), value) == said


def test_the_table_shows_the_figure_its_peer_and_the_bars() -> None:
    said = bench.table({"files": {"stock": {"ratio": 0.3, "copy_rows_per_s": 27076}}, "kernel": {"failed": "ended with 1"}})
    lines = {tuple(line.split("  ")[0:1]) + (line,) for line in said.splitlines()}
    stock = next(line for _name, line in lines if "stock by file" in line)
    assert stock.split() == ["files", "stock", "by", "file,", "of", "COPY", "0.3", "copy_rows_per_s", "27,076", "0.25", "0.5", "bar"]
    assert next(line for _name, line in lines if line.startswith("kernel")).split() == ["kernel", "ended", "with", "1", "FAILED"]


def test_what_ran_is_kept_as_json_and_a_failure_is_the_exit_status(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    good = bench.Bench([sys.executable, "-c", "print('working'); print('{\"n\": 7}')"], [bench.Figure("sevens", "n", 5, 9)])
    monkeypatch.setattr(bench, "BENCHES", {"good": good, "bad": bench.Bench([sys.executable, "-c", "raise SystemExit(3)"], [])})
    monkeypatch.setattr(paths, "var", lambda: tmp_path)
    monkeypatch.setattr(sys, "argv", ["bench", "good"])
    assert bench.main() == 0
    out = capsys.readouterr().out
    assert "  working" in out and "sevens" in out and out.rstrip().endswith(".json")
    (kept,) = (tmp_path / "bench").glob("*.json")
    assert json.loads(kept.read_text())["benchmarks"]["good"]["n"] == 7
    monkeypatch.setattr(sys, "argv", ["bench", "good", "bad"])
    assert bench.main() == 1
    assert "ended with 3" in capsys.readouterr().out
