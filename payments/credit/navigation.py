"""Credit's place in the navigation."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.web.format import money
from oms.web.navigation import Waiting, register
from payments.credit.selectors import to_confirm, waiting_proposals


def waiting_terms(user: Any, limit: int) -> list[Waiting]:
    """The oldest proposals this person may confirm."""
    return [
        Waiting(account.payer.name, reverse("payments:terms-list"), _("limit from %(before)s") % {"before": money(p.before)},
                at=event.at, amount=p.limit, currency=account.currency_id)
        for p, account, event in waiting_proposals() if p.proposed_by != user.pk
    ][:limit]  # fmt: skip


register("money", gettext_lazy("Credit terms"), "payments:terms-list", roles={"finance"}, count=to_confirm, waiting=waiting_terms)
