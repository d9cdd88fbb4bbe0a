"""The practice company's stock and what is on its way."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

from inventory.catalog.models import Product, StorageLocation
from inventory.stock.services.facts import Opening, set_opening
from inventory.stock.services.receipts import expect_receipt

STEP = 45


def fill(by: Any) -> None:
    """Most products lie in two warehouses, a few are short, a third have a purchase order coming."""
    chance = random.Random(7)
    locations = list(StorageLocation.objects.order_by("pk"))
    rows, orders = [], []
    for n, product in enumerate(Product.objects.order_by("sku")):
        for m, location in enumerate(locations):
            if (n + m) % 3:
                quantity = chance.choice([6, 24, 60, 120, 300])
                rows.append(Opening(product.pk, location.pk, f"{'ABC'[m]}-{n % 12 + 1:02}", "", None, quantity))
        if n % 3 == 0:
            orders.append((product.pk, locations[n % len(locations)].pk, f"PO-{4700 + n}", chance.randint(4, 25), chance.choice([60, 120, 240])))
    set_opening(rows, by=by)
    for product_id, location_id, reference, days, quantity in orders:
        expect_receipt(product_id, location_id, reference, date.today() + timedelta(days=days), quantity, by=by)
