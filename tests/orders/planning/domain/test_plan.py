"""Whole instances: the referee accepts every plan and computes the same cost; the invariants of PLANNING.md hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orders.planning.domain.instance import BadInstance, as_arrays, build, check, plain
from orders.planning.domain.plan import fresh, rows_of, value
from orders.planning.domain.run import PLACE, run
from tests.orders.planning.domain.instances import VARIANTS, make, referee, shared

pytestmark = pytest.mark.unit
SLOW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def planned(raw: dict[str, Any], strict: bool = True) -> tuple[dict[str, Any], Any, Any]:
    """Checked arrays, the rows of the plan, and the state it left."""
    a = check(raw)
    instance = build(a, strict)
    case, plan, work = plain(instance, fresh(instance))
    run(PLACE, 0, instance.size[0], case, plan, [], None, work)  # type: ignore[arg-type]
    return a, rows_of(instance, as_arrays(plan)), case


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_referee_accepts_the_plan_and_agrees_to_the_cent(variant: str, tmp_path: Path) -> None:
    if shared() is None:
        pytest.skip("the referee is not on this machine (OMS_SHARED)")
    raw = make(7, **VARIANTS[variant])
    np.savez(tmp_path / "instance.npz", **raw)
    call_command("plan_instance", str(tmp_path / "instance.npz"), str(tmp_path / "plan.npz"))
    said = referee(tmp_path / "instance.npz", tmp_path / "plan.npz")
    assert said["violations"] == []
    with np.load(tmp_path / "plan.npz") as pack:
        assert said["plan"]["total"] == value(check(raw), pack["plan"])["objective"]


@SLOW
@given(st.integers(0, 10**6), st.sampled_from(sorted(VARIANTS)))
def test_nothing_is_sold_twice_and_nobody_gets_more_than_asked(seed: int, variant: str) -> None:
    a, rows, case = planned(make(seed, **{"orders": 15, "products": 6} | VARIANTS[variant]))
    assert min((bucket.free for bucket in case.buckets), default=0) >= 0
    assert min((left for left in case.capacity), default=0) >= -1
    assert (np.bincount(rows[:, 0], rows[:, 4], len(a["line_qty"])) <= a["line_qty"]).all()
    left = {}
    for sku, place, day, quantity in zip(a["sup_sku"], a["sup_loc"], a["sup_day"], a["sup_qty"], strict=True):
        left.setdefault((sku, place), []).append((day, 0, quantity))
    for _line, sku, place, day, quantity in rows.tolist():
        left[sku, place].append((day, 1, -quantity))
    for events in left.values():
        assert (np.cumsum([change for _d, _k, change in sorted(events)]) >= 0).all()


@SLOW
@given(st.integers(0, 10**6))
def test_a_lower_ranked_order_never_changes_a_higher_ranked_one(seed: int) -> None:
    raw = make(seed, orders=14, products=6, capacity=0.8)
    worst = int(np.argmax(raw["order_rank"]))
    _a, rows, _case = planned(raw)
    kept = raw["line_order"] != worst
    fewer = {**raw, **{name: raw[name][kept] for name in raw if name.startswith("line_")}}
    _b, others, _case = planned(fewer)
    renumbered = np.cumsum(kept) - 1
    higher = rows[kept[rows[:, 0]]]
    higher[:, 0] = renumbered[higher[:, 0]]
    assert np.array_equal(higher, others)


@SLOW
@given(st.integers(0, 10**6), st.sampled_from(["plain", "everything"]))
def test_rows_in_any_sequence_give_the_same_plan(seed: int, variant: str) -> None:
    raw = make(seed, **{"orders": 12, "products": 6} | VARIANTS[variant])
    r = np.random.default_rng(seed)
    orders, supply = r.permutation(len(raw["order_zone"])), r.permutation(len(raw["sup_sku"]))
    back = np.argsort(orders)
    line = np.argsort(back[raw["line_order"]], kind="stable")
    mixed = {name: raw[name][orders] if name.startswith("order_") else raw[name] for name in raw}
    mixed |= {name: raw[name][line] for name in raw if name.startswith("line_")}
    mixed |= {name: raw[name][supply] for name in raw if name.startswith("sup_")}
    mixed["line_order"] = np.sort(back[raw["line_order"]])
    if "fix_line" in raw:
        mixed["fix_line"] = np.argsort(line)[raw["fix_line"]]
    _a, rows, _case = planned(raw)
    _b, others, _case = planned(mixed)
    others[:, 0] = line[others[:, 0]]
    # Lines of one order that ask for the same are interchangeable.
    same = [raw["line_order"], raw["line_sku"], raw["line_qty"], raw["line_nosplit"], raw.get("line_maxrows", raw["line_qty"])]
    assert sorted(map(tuple, keyed(rows, same))) == sorted(map(tuple, keyed(others, same)))


def keyed(rows: Any, columns: list[Any]) -> Any:
    """Rows with what their line asks for instead of its number."""
    return np.concatenate([np.stack([column[rows[:, 0]] for column in columns], axis=1), rows[:, 1:]], axis=1).tolist()


def test_frozen_rows_stand_as_they_were() -> None:
    raw = make(7, frozen=True)
    _a, rows, _case = planned(raw)
    have = {tuple(row[:4]): row[4] for row in rows.tolist()}
    assert len(raw["fix_line"]) == 4
    for row in zip(raw["fix_line"], raw["fix_sku"], raw["fix_loc"], raw["fix_day"], raw["fix_qty"], strict=True):
        assert have[tuple(map(int, row[:4]))] == row[4]


def test_what_is_kept_for_a_group_is_left_for_it() -> None:
    raw = make(1, orders=2, products=1, locations=1, zones=1)
    raw |= {"line_order": np.array([0, 1]), "line_sku": np.array([0, 0]), "line_qty": np.array([8, 8]), "line_nosplit": np.array([0, 0]),
            "order_complete": np.array([0, 0]), "order_rank": np.array([0, 1]), "order_req": np.array([20, 20]),
            "sup_sku": np.array([0]), "sup_loc": np.array([0]), "sup_day": np.array([0]), "sup_qty": np.array([10]),
            "order_group": np.array([1, 2]), "prot_sku": np.array([0]), "prot_loc": np.array([0]), "prot_day": np.array([0]),
            "prot_group": np.array([2]), "prot_qty": np.array([6])}  # fmt: skip
    raw["ship_cost"][:] = 0
    _a, rows, _case = planned(raw)
    assert rows[:, [0, 4]].tolist() == [[0, 4], [1, 6]]
    del raw["order_group"], raw["prot_sku"]
    raw["prot_sku"] = raw["prot_loc"] = raw["prot_day"] = raw["prot_group"] = raw["prot_qty"] = np.zeros(0, int)
    _a, rows, _case = planned(raw)
    assert rows[:, [0, 4]].tolist() == [[0, 8], [1, 2]]


def test_a_broken_instance_is_refused_with_array_row_and_rule(tmp_path: Path) -> None:
    raw = make(3)
    raw["line_qty"][5] = 0
    with pytest.raises(BadInstance, match="line_qty row 5 must be from 1"):
        check(raw)
    np.savez(tmp_path / "bad.npz", **raw)
    with pytest.raises(CommandError, match="line_qty row 5"):
        call_command("plan_instance", str(tmp_path / "bad.npz"), str(tmp_path / "plan.npz"))
    assert not (tmp_path / "plan.npz").exists()


def test_the_command_needs_no_database_and_ends_with_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "instance"
    folder.mkdir()
    for name, values in make(5).items():
        np.save(folder / f"{name}.npy", values)
    call_command("plan_instance", str(folder), str(tmp_path / "plan.csv"))
    said = capsys.readouterr().out.splitlines()
    report = json.loads(said[-1])
    assert report["reproducible"] is True and report["inversions"] == 0 and report["bound"] is None
    assert any("bound not computed" in line for line in said)
    assert (tmp_path / "plan.csv").read_text().startswith("line,sku,loc,day,qty\n")
    assert len((tmp_path / "plan.csv").read_text().splitlines()) == report["rows"] + 1
