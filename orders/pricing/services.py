"""Writes of price lists, set-wise, by code: only as an import of the system; people change prices two by two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from orders.pricing.models import Price, PriceList

BATCH = 2_000


@dataclass(frozen=True)
class ListRow:
    """A price list as it shall be; `scope` says which of customer, group and class counts."""

    code: str
    name: str
    scope: int
    currency_id: str
    valid_from: date
    valid_to: date | None = None
    customer_id: int | None = None
    group: str = ""
    customer_class: int | None = None
    includes_tax: bool = False


@dataclass(frozen=True)
class PriceRow:
    """A price of a list from `minimum_quantity` base units on, per price unit; net, unless the list includes tax."""

    list: str
    product_id: int
    minimum_quantity: int
    unit_price: Decimal


LIST_FIELDS = ["name", "scope", "currency", "valid_from", "valid_to", "customer", "group", "customer_class", "includes_tax"]


@use_case("pricing.import")
def upsert_prices(lists: Sequence[ListRow], prices: Sequence[PriceRow], *, by: Any, at: datetime | None = None) -> None:
    """Bring the lists and their prices to the given values; prices not named stay. Four statements and the event."""
    authorize(by, "pricing.import")
    PriceList.objects.bulk_create(
        [PriceList(**vars(row)) for row in lists], batch_size=BATCH, update_conflicts=True, unique_fields=["code"], update_fields=LIST_FIELDS
    )
    ids: Mapping[str, int] = dict(PriceList.objects.filter(code__in={p.list for p in prices} | {x.code for x in lists}).values_list("code", "pk"))
    Price.objects.bulk_create(
        [Price(price_list_id=ids[p.list], product_id=p.product_id, minimum_quantity=p.minimum_quantity, unit_price=p.unit_price) for p in prices],
        batch_size=BATCH, update_conflicts=True, unique_fields=["product", "price_list", "minimum_quantity"], update_fields=["unit_price"],
    )  # fmt: skip
    current().event(
        "prices.written", [("price_list", pk) for pk in sorted(ids.values())],
        {"lists": len(lists), "prices": [[ids[p.list], p.product_id, p.minimum_quantity, p.unit_price] for p in prices]},
    )  # fmt: skip
