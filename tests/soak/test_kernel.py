"""The kernel at size: the referee accepts every plan and agrees on the cost to the cent."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command

from tests.orders.planning.domain.instances import VARIANTS, make, referee, shared
from tests.soak.conftest import SEED, share

SEARCH = max(1, min(20, int(share("test_kernel") / 20)))  # seconds a search may take

pytestmark = [
    pytest.mark.unit,
    pytest.mark.skipif(shared() is None, reason="the referee is not on this machine (OMS_SHARED)"),
]


def generate(lines: int, seed: int, **more: Any) -> dict[str, Any]:
    """An instance of the shared generator."""
    spec = importlib.util.spec_from_file_location("gen", (shared() or Path()) / "referee/gen.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return dict(module.gen(lines, seed=seed, **more))


def judged(raw: dict[str, Any], folder: Path, capsys: pytest.CaptureFixture[str], *options: str) -> None:
    """Plan it by the command and let the referee look."""
    np.savez(folder / "instance.npz", **raw)
    call_command("plan_instance", str(folder / "instance.npz"), str(folder / "plan.npz"), *options)
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    said = referee(folder / "instance.npz", folder / "plan.npz")
    assert said["violations"] == []
    assert said["plan"]["total"] == report["objective"]


@pytest.mark.parametrize("policy", ["strict", "optimise"])
@pytest.mark.parametrize("cap_ratio", [0.0, 1.2])
@pytest.mark.parametrize("lines", [1_000, 10_000, 100_000, 1_000_000])
def test_generated_instances(
    lines: int, cap_ratio: float, policy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if lines == 1_000_000 and policy == "optimise" and cap_ratio:
        pytest.skip("long, and the same code")
    judged(generate(lines, SEED, cap_ratio=cap_ratio), tmp_path, capsys, "--policy", policy, "--seconds", str(SEARCH))


@pytest.mark.parametrize("policy", ["strict", "optimise"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_instances_with_every_rule(variant: str, policy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = make(SEED, **{"orders": 3000, "products": 400, "locations": 9, "zones": 7} | VARIANTS[variant])
    judged(raw, tmp_path, capsys, "--policy", policy, "--seconds", str(min(5, SEARCH)), "--workers", "2")
