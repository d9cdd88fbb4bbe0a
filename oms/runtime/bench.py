"""`make bench`: every benchmark against its floor or peer in the same run; a table, and JSON under `var/bench/`.

What needs a running application gets one of its own, started here and stopped again: an instance of state named `bench` with
the practice company, or `volume` with as many orders as years leave behind (made once, kept). Nothing of the demo is touched.
`ONLY="orders kernel"` runs some of them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oms.runtime import paths, process

READY_SECONDS = 300
MANAGE = [sys.executable, "manage.py"]


@dataclass(frozen=True)
class Figure:
    """One line of the table: where it stands in the JSON (dotted), its first bar and its goal; `least`: more is better.

    `peer` names the figure it was measured against in the same run.
    """

    label: str
    key: str
    bar: float | None = None
    goal: float | None = None
    least: bool = True
    peer: str = ""


@dataclass(frozen=True)
class Bench:
    """A command whose last line is JSON; `instance` names the running application it needs."""

    command: Sequence[str]
    figures: Sequence[Figure]
    instance: str = ""


def module(name: str, *arguments: str) -> list[str]:
    """A benchmark of tests/bench."""
    return [sys.executable, "-m", f"tests.bench.{name}", *arguments]


BENCHES: dict[str, Bench] = {
    "orders": Bench([*MANAGE, "bench_orders"], [
        Figure("orders of 5 lines a second, of the floor", "ratio", 0.12, 0.24, peer="floor_tps"), Figure("orders a second", "orders_per_s"),
        Figure("p95 ms", "p95_ms", 40, 20, least=False), Figure("statements an order", "sql_per_order", 12, 4, least=False),
        Figure("oversold", "oversold", 0, 0, least=False),
    ], instance="bench"),
    "hot": Bench([*MANAGE, "bench_orders", "--hot", "--seconds", "10"], [
        Figure("of 100 hot units confirmed", "confirmed_from_stock", 100, 100), Figure("hot orders a second, of the floor", "ratio", None, 0.6, peer="floor_tps"),
        Figure("oversold", "oversold", 0, 0, least=False),
    ], instance="bench"),
    "pages": Bench(module("pages"), [
        Figure("slowest page, p95 ms", "worst_p95_ms", 300, 100, least=False, peer="worst"), Figure("most statements of a page", "most_statements", 20, 10, least=False),
        Figure("orders behind them", "orders"),
    ], instance="volume"),
    "files": Bench(module("files"), [
        Figure(f"{name} by file, of COPY", f"{name}.ratio", 0.25, 0.5, peer=f"{name}.copy_rows_per_s")
        for name in ("products", "stock", "invoices", "orders")
    ]),
    "bank": Bench(module("bank", "--formats", "camt053"), [Figure("bank file of 50,000 lines, seconds", "wall", 10, 3, least=False)]),
    "kernel": Bench(module("kernel", "--sizes", "1000,10000"), [
        Figure("planned lines a second", "lines_per_s", 500_000, 1_000_000), Figure("times a plain loop", "against_plain_loop", 40, 100),
        Figure("a promise, p99 µs", "promise_p99_us", 1_000, 50, least=False), Figure("gap at 1,000 lines", "gap_1000", 0.04, 0.01, least=False),
        Figure("gap at 10,000 lines", "gap_10000", 0.08, 0.03, least=False),
    ]),
}  # fmt: skip

# What an instance needs before its application starts.
PREPARED: dict[str, Sequence[Sequence[str]]] = {
    "bench": [],
    "volume": [[*MANAGE, "services", "start"], [*MANAGE, "migrate", "-v0"], [*MANAGE, "make_volume", "--orders", "100000", "--keep"]],
}  # fmt: skip


def found(report: Mapping[str, Any], key: str) -> Any:
    """A dotted figure of a report, None when it is not there."""
    value: Any = report
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def verdict(figure: Figure, value: Any) -> str:
    """How a figure stands to its bars."""
    if figure.bar is None and figure.goal is None or not isinstance(value, int | float):
        return ""
    good = [bar is not None and (value >= bar if figure.least else value <= bar) for bar in (figure.goal, figure.bar)]
    return "goal" if good[0] else "bar" if good[1] else "below" if figure.bar is not None else ""


def rows(name: str, report: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """The lines of the table of one benchmark."""
    for figure in BENCHES[name].figures:
        value, peer = found(report, figure.key), found(report, figure.peer) if figure.peer else None
        bars = [shown(bar) if bar is not None else "" for bar in (figure.bar, figure.goal)]
        yield name, figure.label, shown(value), f"{figure.peer.rpartition('.')[2]} {shown(peer)}" if figure.peer else "", *bars, verdict(figure, value)


def shown(value: Any) -> str:
    """A figure as the table shows it."""
    if value is None:
        return "—"
    return f"{value:,.4g}" if isinstance(value, float) and abs(value) < 1000 else f"{value:,}" if isinstance(value, int | float) else str(value)


def run(name: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """Run one benchmark, its output on the screen; the JSON of its last line, or why there is none."""
    started = time.monotonic()
    child = subprocess.Popen(BENCHES[name].command, cwd=paths.BASE, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    last = ""
    for line in child.stdout:
        print(f"  {line}" if not line.startswith("{") else "", end="", flush=True)
        last = line if line.strip() else last
    if child.wait():
        return {"failed": f"ended with {child.returncode}"}
    try:
        return {**json.loads(last), "took_s": round(time.monotonic() - started, 1)}
    except ValueError:
        return {"failed": "its last line is no JSON"}


@contextmanager
def running(instance: str) -> Iterator[dict[str, str]]:
    """The application of the instance, up; yields the environment that finds it."""
    environment = {"OMS_INSTANCE": instance, "DATABASE_URL": "", "REDIS_URL": ""}
    for command in PREPARED[instance]:
        subprocess.run(command, cwd=paths.BASE, env={**os.environ, **environment}, check=True)
    log = paths.var() / instance / "supervisor.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_bytes(b"")
    child = process.start([sys.executable, "-m", "oms.runtime.supervisor"], log=log, env=environment)
    try:
        process.wait_for(lambda: "Ready in" in log.read_text(), READY_SECONDS, f"The application to measure (see {log})", child)
        yield environment
    finally:
        process.stop(child, seconds=60)
        if PREPARED[instance]:  # what was up before the application outlives it
            subprocess.run([*MANAGE, "services", "stop"], cwd=paths.BASE, env={**os.environ, **environment}, check=True)


def facts() -> dict[str, Any]:
    """On what it was measured: cores and how busy they were before."""
    return {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "cores": os.cpu_count(), "load": [round(x, 2) for x in os.getloadavg()]}


def table(reports: Mapping[str, Mapping[str, Any]]) -> str:
    """The table of all figures."""
    lines: list[tuple[str, ...]] = [("benchmark", "figure", "measured", "against", "first bar", "goal", "reached")]
    for name, report in reports.items():
        lines += [(name, str(report["failed"]), "", "", "", "", "FAILED")] if "failed" in report else list(rows(name, report))
    widths = [max(len(line[n]) for line in lines) for n in range(7)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)


def main() -> int:
    """Run what is asked for; 0 when everything ran (whatever it reached), 1 when something failed."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("only", nargs="*", choices=[[], *BENCHES], help="default: all")
    chosen = parser.parse_args().only or list(BENCHES)
    reports: dict[str, Any] = {}
    about = facts()
    for instance in ("", *PREPARED):
        names = [name for name in BENCHES if name in chosen and BENCHES[name].instance == instance]
        with ExitStack() as stack:
            environment = stack.enter_context(running(instance)) if instance and names else {}
            for name in names:
                print(f"{name}:", flush=True)
                reports[name] = run(name, environment)
    print(f"\n{table(reports)}")
    target = Path(paths.var() / "bench" / f"{about['at'].replace(':', '')}.json")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps({**about, "benchmarks": reports}, indent=1))
    print(f"\n{target}")
    return int(any("failed" in report for report in reports.values()))


if __name__ == "__main__":
    sys.exit(main())
