"""The help: the reader's role first, every measure explained, the keys that are really there."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from reporting.facts.choices import MONEY
from reporting.guide.choices import FIGURES, GUIDES
from tests.world import World


def test_each_role_reads_its_own_guide_first_with_its_own_keys(as_: Any, world: World) -> None:
    for role in ("sales", "finance", "warehouse"):
        page = as_(role).get(reverse("reporting:guide")).content.decode()
        assert page.index(str(GUIDES[role][0])[:30]) == min(page.index(str(steps[0])[:30]) for steps in GUIDES.values())
        assert ("<kbd>g f</kbd>" in page) is (role != "warehouse")
    assert as_("partner").get(reverse("reporting:guide")).status_code == 403


def test_every_measure_of_money_is_explained() -> None:
    explained = {str(f.label) for f in FIGURES}
    assert {str(m.label) for m in MONEY} - explained == {"Cost of delivered"}
