"""The inbox in the navigation, with how many problems wait for this person."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from oms.accounts.choices import Role
from oms.web.navigation import Waiting, register
from reporting.problems.selectors import count, problems


def waiting(user: Any, limit: int) -> list[Waiting]:
    """The oldest problems this person can clear."""
    return [
        Waiting(f"{p.kind.label}: {p.number}", p.url, detail=p.sentence, at=p.since, amount=p.amount, currency=p.currency)
        for p in problems(user, limit=limit)
    ]


register("problems", _("Problems"), "reporting:problems", roles=frozenset(Role) - {Role.PARTNER}, key="g p", count=count, waiting=waiting)
