"""The bank's places in the navigation."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.web.navigation import Waiting, how_many, register
from payments.bank.selectors import open_lines


def waiting_lines(user: Any, limit: int) -> list[Waiting]:
    """The oldest lines to match."""
    return [
        Waiting(line.counterparty or _("No name"), reverse("payments:bank-line", args=[line.pk]), line.text[:80],
                at=line.value_date, amount=line.unmatched, currency=line.currency_id)
        for line in open_lines()[:limit]
    ]  # fmt: skip


register("money", gettext_lazy("Bank"), "payments:bank-lines", roles={"finance", "manager"}, key="g m",
         count=lambda user: how_many(open_lines()) if "finance" in user.roles else 0,
         waiting=lambda user, limit: waiting_lines(user, limit) if "finance" in user.roles else ())
