"""Cases in the small company."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from oms.company.models import Calendar, ReasonCode
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import submit
from orders.models import Case, Order, ServiceLevel
from orders.service.services import NewCase, open_case
from tests.world import World


@pytest.fixture
def world(db: Any) -> World:
    """The small company with causes and a service level for complaints: 4 and 16 hours, nine to five."""
    world = World.make()
    ReasonCode.objects.create(kind="case", code="picked_wrong", text="Wrong goods picked")
    ServiceLevel.objects.create(kind="complaint", respond_hours=4, resolve_hours=16, calendar=Calendar.objects.get(code="week"))
    return world


@pytest.fixture
def order(world: World) -> Order:
    """20 A of ACME."""
    return Order.objects.get(number=submit(EntryRequest("ACME", (LineRequest("A", Decimal(20)),), "web"), by=world.sales).number)


@pytest.fixture
def as_(world: World) -> Any:
    """A client signed in as one of the world's people."""

    def sign_in(role: str) -> Client:
        client = Client()
        client.force_login(getattr(world, role), backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


def complaint(world: World, order: Order, at: Any = None, **more: Any) -> Case:
    """A complaint about the order's first line."""
    given = {"order": order.number, "line": 1} | more
    return open_case(NewCase("complaint", "Wrong spanners", "They got the small ones.", **given), by=world.sales, at=at)
