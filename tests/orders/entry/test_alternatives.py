"""Instead of a line that is short or late: what can be there whole and in time, as the commit would have it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.catalog.services import SubstituteRow, set_substitutes
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import alternatives, quote
from orders.models import Price
from tests.world import World

pytestmark = pytest.mark.django_db
LATER = date.today() + timedelta(days=12)


@pytest.fixture
def world(db: Any) -> World:
    """A does for B one to one, and for C two to one."""
    made = World.make()
    set_substitutes([SubstituteRow("B", "A"), SubstituteRow("C", "A", 2, 1)], by=made.system)
    return made


def asked(*lines: tuple[str, int], **more: Any) -> EntryRequest:
    return EntryRequest("ACME", tuple(LineRequest(sku, Decimal(n)) for sku, n in lines), "web", requested_date=LATER, **more)


def offered(world: World, request: EntryRequest) -> dict[int, list[tuple[str, int]]]:
    found = alternatives(request, quote(request, by=world.sales), by=world.sales)
    return {n: [(line.sku, line.quantity) for line in lines] for n, lines in found.items()}


def test_only_what_is_short_or_late_is_offered_something_else(world: World) -> None:
    assert offered(world, asked(("A", 5), ("B", 12), ("C", 3))) == {1: [("A", 12)], 2: [("A", 6)]}


def test_where_all_is_in_time_nothing_is_read(world: World) -> None:
    request = asked(("A", 5), ("B", 3))
    answer = quote(request, by=world.sales)
    with CaptureQueriesContext(connection) as statements:
        assert alternatives(request, answer, by=world.sales) == {}
    assert len(statements) == 0


def test_what_is_no_better_is_not_offered(world: World) -> None:
    assert offered(world, asked(("B", 400))) == {}


def test_what_the_customer_cannot_buy_is_left_out_and_the_others_stay(world: World) -> None:
    Price.objects.filter(product__sku="A").delete()
    assert offered(world, asked(("B", 12))) == {}


def test_a_customer_who_takes_only_whole_orders_is_offered_each_line_by_itself(world: World) -> None:
    request = replace(asked(("B", 12), ("C", 900)), delivery_rule=1)
    assert offered(world, request)[0] == [("A", 12)]
