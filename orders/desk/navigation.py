"""The desk's places in the navigation."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from oms.web.navigation import Waiting, register
from orders.approval.selectors import queue
from orders.fulfilment.selectors import at_work


def waiting_approvals(user: Any, limit: int) -> list[Waiting]:
    """The first orders of the approver's queue."""
    return [
        Waiting(f"{o.number} {o.customer}", reverse("orders:order-detail", args=[o.number]), at=o.submitted_at,
                amount=o.net, currency=o.currency_id)
        for o in queue(user).select_related("customer")[:limit]
    ]  # fmt: skip


register("desk", _("Enter an order"), "orders:enter", roles={"sales", "manager"}, key="n")
register("desk", _("Orders"), "orders:order-list", roles={"sales", "approver", "manager", "finance", "partner"}, key="g o")
register("approvals", _("Approvals"), "orders:approvals", roles={"approver", "manager"}, key="g a",
         count=lambda user: queue(user).count(), waiting=waiting_approvals)
register("warehouse", _("Ship"), "orders:shipments", roles={"warehouse", "manager"}, key="g w",
         count=lambda user: at_work(user).count())
register("planning", _("Backlog"), "orders:backlog", roles={"manager"}, key="g b")
