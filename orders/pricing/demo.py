"""The practice company's price lists: base, industry 4 % lower with quantity breaks."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from inventory.catalog.demo import list_prices
from inventory.catalog.models import Product
from oms.events.services import command
from orders.pricing.models import Price, PriceList

STEP = 47


def fill(by: Any) -> None:
    """Two lists over all products."""
    products = {p.sku: p for p in Product.objects.all()}
    with command("demo.prices", by=by) as cmd:
        cmd.event("prices.imported", [("user", by.pk)], {})
        base = PriceList.objects.create(code="BASE-2026", name="Base prices", scope=3, currency_id="EUR", valid_from=date(2026, 1, 1))
        trade = PriceList.objects.create(code="INDUSTRY-2026", name="Industry", scope=1, group="industry", currency_id="EUR",
                                         valid_from=date(2026, 1, 1))
        rows = []
        for sku, price in list_prices().items():
            rows.append(Price(price_list=base, product=products[sku], unit_price=price))
            rows.append(Price(price_list=trade, product=products[sku], unit_price=price * Decimal("0.96")))
            rows.append(Price(price_list=trade, product=products[sku], minimum_quantity=48, unit_price=price * Decimal("0.92")))
        Price.objects.bulk_create(rows)
