"""The desk's places in the navigation."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from oms.web.navigation import Waiting, how_many, register
from orders.approval.selectors import queue
from orders.desk.selectors import open_backorders
from orders.fulfilment.selectors import at_work


def waiting_approvals(user: Any, limit: int) -> list[Waiting]:
    """The first orders of the approver's queue."""
    return [
        Waiting(o.number, reverse("orders:order-detail", args=[o.number]), o.customer.name, at=o.submitted_at,
                amount=o.net, currency=o.currency_id)
        for o in queue(user).select_related("customer")[:limit]
    ]  # fmt: skip


def waiting_shipments(user: Any, limit: int) -> list[Waiting]:
    """The first shipments to go out."""
    return [
        Waiting(s.number, reverse("orders:shipment-detail", args=[s.number]), f"{s.order.customer.name}, {s.order.ship_to.city}",
                at=s.planned_date)
        for s in at_work(user)[:limit]
    ]  # fmt: skip


register("desk", _("Enter an order"), "orders:enter", roles={"sales", "manager"}, key="n")
register("desk", _("Orders"), "orders:order-list", roles={"sales", "approver", "manager", "finance", "partner"}, key="g o")
register("desk", _("Order files"), "orders:batches", roles={"sales", "manager", "partner"}, key="g u")
register("desk", _("Backorders"), "orders:backorders", roles={"sales", "manager", "partner"}, key="g l",
         count=lambda user: how_many(open_backorders(user)))
register("approvals", _("Approvals"), "orders:approvals", roles={"approver", "manager"}, key="g a",
         count=lambda user: how_many(queue(user)), waiting=waiting_approvals)
register("approvals", _("Stand-ins"), "orders:delegations", roles={"approver", "manager"})
register("warehouse", _("Ship"), "orders:shipments", roles={"warehouse", "manager"}, key="g w",
         count=lambda user: how_many(at_work(user)), waiting=waiting_shipments)
register("planning", _("Backlog"), "orders:backlog", roles={"manager"}, key="g b")
