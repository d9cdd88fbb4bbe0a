"""`python -m tests.bench.kernel [--sizes 1000,10000] [--seconds S] [--seeds 2]`: the kernel's figures (PLANNING.md).

Instances come from the shared generator, fresh seeds; the referee checks every plan. CPU time of this process's thread
is what lines per second count, so that neighbours on the machine matter less. JSON goes to var/bench/kernel.json.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from oms.runtime import paths
from orders.planning.domain.instance import Instance, build, check
from orders.planning.domain.jit import compiled
from orders.planning.domain.plan import NO_SEARCH, NOTHING, fresh, place_all, rows_of
from orders.planning.domain.run import PLACE
from orders.planning.domain.solve import solve
from tests.orders.planning.domain.instances import referee, shared
from tests.orders.planning.domain.reference import Reference

BARS = {
    "lines_per_s": (500_000, 1_000_000), "against_plain_loop": (40, 100), "promise_p99_us": (1000, 50),
    "gap_1000": (0.04, 0.01), "gap_10000": (0.08, 0.03), "gap_100000": (0.20, 0.08), "gap_1000000": (0.25, 0.10),
}  # fmt: skip


def generate(lines: int, seed: int) -> dict[str, Any]:
    """An instance of the shared generator."""
    folder = shared()
    assert folder is not None, "no generator here: set OMS_SHARED"
    spec = importlib.util.spec_from_file_location("gen", folder / "referee/gen.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return dict(module.gen(lines, seed=seed))


def speed(instance: Instance, kernel: Any, times: int) -> float:
    """Lines per second of CPU, one core, whole orders: the median."""
    took = []
    for _n in range(times):
        case, plan, work = fresh(instance), instance.plan(), instance.work()
        started = time.thread_time()
        kernel.run(PLACE, 0, instance.size[0], case, plan, NOTHING, NO_SEARCH, work)
        took.append(time.thread_time() - started)
    return instance.size[1] / statistics.median(took)


def promise(instance: Instance, kernel: Any, orders: int = 5000) -> float:
    """Microseconds a single placement takes at the 99th percentile, compiled, call included."""
    case, plan, work = fresh(instance), instance.plan(), instance.work()
    took = []
    for o in range(min(orders, instance.size[0])):
        started = time.perf_counter()
        kernel.run(PLACE, o, o + 1, case, plan, NOTHING, NO_SEARCH, work)
        took.append(time.perf_counter() - started)
    return sorted(took)[int(len(took) * 0.99)] * 1e6


def against_loop(kernel: Any, lines: int = 2000) -> float:
    """How many times faster than the readable planner, which writes the same plan."""
    a = check(generate(lines, 77))
    instance = build(a, True)
    started = time.thread_time()
    rows = Reference(a).plan()
    loop = time.thread_time() - started
    plan, _redone = place_all(instance, fresh(instance), kernel)
    assert [tuple(row) for row in rows_of(instance, plan).tolist()] == rows, "the plans differ"
    return loop * speed(instance, kernel, 9) / lines


def workers(instance: Instance, kernel: Any) -> dict[str, Any]:
    """Two workers against one: the same bytes, and how much faster by the wall clock (median of 5)."""
    times: dict[int, list[float]] = {1: [], 2: []}
    plans = {}
    for _n in range(5):
        for count in times:
            case = fresh(instance)
            started = time.perf_counter()
            plan, redone = place_all(instance, case, kernel, count)
            times[count].append(time.perf_counter() - started)
            plans[count] = rows_of(instance, plan).tobytes()
    faster = statistics.median(times[1]) / statistics.median(times[2])
    return {"same_bytes": plans[1] == plans[2], "faster": round(faster, 3), "redone": round(redone / instance.size[0], 4)}


def gap(lines: int, seed: int, seconds: float, mip: float) -> dict[str, Any]:
    """Gap of an optimised plan: to the referee's MIP or LP where it can, and to our bound, certified where it can be."""
    arrays = generate(lines, seed)
    answer = solve(check(arrays), "optimise", 1, seconds, time.perf_counter, plain_code=False)
    with tempfile.TemporaryDirectory() as folder:
        instance, plan = Path(folder) / "instance.npz", Path(folder) / "plan.npz"
        np.savez(instance, **arrays)
        np.savez(plan, plan=answer.rows, pi=answer.pi)
        more = ["--no-bound"]
        if lines <= 1000:
            more = ["--mip", str(mip)]
        elif lines <= 10_000:
            more = ["--lp-time", "300"]
        said = referee(instance, plan, *more)
        certified = referee(instance, plan, "--dual", str(plan))["lagrangian_bound"] if lines <= 10_000 else None
    assert said["violations"] == [] and said["plan"]["total"] == answer.value["objective"], said
    found = {"objective": answer.value["objective"], "bound": answer.bound, "gap_to_bound": answer.gap,
             "reproducible": answer.reproducible, "seconds": round(sum(answer.seconds.values()), 1)}  # fmt: skip
    if certified is not None:
        found["bound_by_referee"] = round(certified)
    if said.get("bound"):
        found["bound_solver"], found["gap"] = round(said["bound"]), round(answer.value["objective"] / said["bound"] - 1, 5)
    if said.get("mip_plan"):
        found["mip_plan"] = said["mip_plan"]["total"]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--seconds", type=float, default=20, help="time to search at each size")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--mip", type=float, default=60, help="seconds for the referee's MIP")
    parser.add_argument("--speed", type=int, default=1_000_000, help="lines of the instance that speed is taken on")
    asked = parser.parse_args()
    kernel = compiled()
    instance = build(check(generate(asked.speed, 101)), True)
    speed(instance, kernel, 1)
    figures: dict[str, Any] = {
        "lines": instance.size[1], "lines_per_s": round(speed(instance, kernel, 5)),
        "promise_p99_us": round(promise(instance, kernel), 1), "against_plain_loop": round(against_loop(kernel), 1),
        "workers": workers(instance, kernel),
    }  # fmt: skip
    for lines in [int(size) for size in asked.sizes.split(",") if size]:
        runs = [gap(lines, 1000 + seed, asked.seconds, asked.mip) for seed in range(asked.seeds)]
        figures[f"gap_{lines}"] = max(run.get("gap", run["gap_to_bound"]) for run in runs)
        figures[f"runs_{lines}"] = runs
    for name, (bar, goal) in BARS.items():
        if name in figures:
            print(f"{name:20} {figures[name]:>14,}   first bar {bar:,}, goal {goal:,}")
    folder = paths.var() / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kernel.json").write_text(json.dumps(figures, indent=1))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
