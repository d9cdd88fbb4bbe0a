"""`manage.py make_volume`: copies by the database keep every invariant, and what comes after them goes through the use cases."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError


def test_a_copied_company_is_whole_and_goes_on(soak: Any) -> None:
    from customers.parties.models import Customer
    from inventory.catalog.models import Product
    from oms.accounts.models import User
    from oms.events.tasks import drain_all
    from orders.book.models import Order
    from orders.entry.domain import EntryRequest, LineRequest
    from orders.entry.services import submit

    with soak.database():
        call_command("make_volume", orders=1_000, customers=72, base=60, stdout=StringIO())
        assert Order.objects.count() >= 1_000 and Customer.objects.count() >= 72
        assert Order.objects.values("number").distinct().count() == Order.objects.count()
        call_command("verify", stdout=StringIO())
        last, sku = Customer.objects.order_by("-pk")[0], Product.objects.order_by("-pk").values_list("sku", flat=True)[0]
        answer = submit(EntryRequest(last.code, (LineRequest(sku, Decimal(2)),), "web", requested_date=dt.date.today()),
                        by=User.objects.get(username="marc"))  # fmt: skip
        assert Order.objects.order_by("-pk").values_list("pk", flat=True)[0] == answer.order_id
        drain_all()
        call_command("verify", stdout=StringIO())
        with pytest.raises(CommandError, match="has a company"):
            call_command("make_volume", orders=1_000, stdout=StringIO())
