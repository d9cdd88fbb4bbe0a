"""The practice company's cases: one answered and resolved, one waiting for the customer, one urgent, one out of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from oms.accounts.models import User
from oms.company.models import Calendar
from oms.events.services import command
from orders.book.models import Order
from orders.fulfilment.models import Shipment
from orders.service.choices import Direction
from orders.service.models import ServiceLevel
from orders.service.services import NewCase, NewFile, assign_case, open_case, resolve_case, say
from payments.billing.models import Invoice

STEP = 93
LEVELS = [("inquiry", "normal", 4, 16), ("inquiry", "urgent", 2, 8), ("complaint", "normal", 4, 24), ("complaint", "urgent", 2, 8), ("claim", "normal", 8, 40),
          ("claim", "urgent", 4, 16)]  # fmt: skip


def fill(by: Any) -> None:
    """Service levels on the French calendar, and four cases."""
    people = {u.username: u for u in User.objects.all()}
    with command("demo.service_levels", by=by) as cmd:
        cmd.event("service.levels_set", [("user", by.pk)], {"levels": len(LEVELS)})
        calendar = Calendar.objects.get(code="FR")
        ServiceLevel.objects.bulk_create(
            ServiceLevel(kind=kind, priority=priority, respond_hours=respond, resolve_hours=resolve, calendar=calendar) for kind, priority, respond, resolve in LEVELS
        )
    now = datetime.now(UTC)
    delivered = Shipment.objects.filter(status="delivered", order__customer__post__code="FR-SALES").select_related("order").order_by("pk")[:2]
    german = Order.objects.filter(status="approved", customer__post__code="DE-SALES").order_by("-pk").first()
    italian = Invoice.objects.filter(customer__post__code="IT-SALES").order_by("pk").first()
    first, second = people["sofia"], people["jonas"]
    solved = open_case(NewCase("complaint", "Two boxes were crushed", "Two boxes arrived crushed; the driver noted it on his slip.", shipment=delivered[0].number,
                               channel="mail", files=[NewFile("driver-slip.txt", b"2 boxes crushed, seen at the ramp, 07:40\n")]), by=first, at=now - timedelta(days=9))  # fmt: skip
    say(solved.pk, Direction.OUT, "We are sorry. A new delivery leaves tomorrow; the carrier takes the old boxes back.", by=first, at=now - timedelta(days=9, hours=-3))
    resolve_case(solved.pk, "late_carrier", "Delivered again; the carrier answers for it.", by=first, at=now - timedelta(days=6))
    asked = open_case(NewCase("claim", "Credit for the scratched surfaces", "Eight of the plates are scratched. They keep them for a credit of 45.",
                              shipment=delivered[1].number, amount=Decimal(45), channel="phone"), by=first, at=now - timedelta(days=3))  # fmt: skip
    say(asked.pk, Direction.OUT, "Could you send us photos of the plates, please?", wait=True, by=first, at=now - timedelta(days=2, hours=20))
    if german is not None:
        urgent = open_case(NewCase("inquiry", "Can it come before Friday?", "Their line stands still on Friday. They ask whether the order can come earlier.",
                                   order=german.number, line=1, priority="urgent", channel="phone"), by=second, at=now - timedelta(minutes=40))  # fmt: skip
        assign_case(urgent.pk, second.pk, by=second)
    if italian is not None:
        open_case(NewCase("complaint", "Invoice names a price we did not agree", "The price on the invoice is not that of the offer of September.",
                          invoice=italian.number, channel="mail"), by=people["marc"], at=now - timedelta(days=8))  # fmt: skip
