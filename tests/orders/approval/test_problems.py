"""An order undecided for longer than its policy allows is a problem of who stands above."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.db import connection
from django.utils.timezone import now

from orders.approval.problems import UNDECIDED
from orders.approval.services import decide
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import submit
from orders.models import Order
from tests.world import World


def overdue() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(UNDECIDED)
        return [row[2] for row in cursor.fetchall()]


def test_an_order_undecided_for_more_than_the_policys_hours_climbs(world: World) -> None:
    number = submit(EntryRequest("ACME", (LineRequest("A", Decimal(60)),), "web"), by=world.sales).number
    order = Order.objects.get(number=number)
    Order.objects.update(undecided_since=now() - timedelta(hours=23))
    assert overdue() == []
    Order.objects.update(undecided_since=now() - timedelta(hours=25))
    assert overdue() == [number]
    decide(order.pk, None, by=world.approver)
    assert overdue() == []
