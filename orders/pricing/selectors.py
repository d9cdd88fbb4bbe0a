"""One statement answers for all lines of an order: product, unit, price with its source, tax with its rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.db import connection

from customers.parties.models import Customer
from inventory.stock.locks import CellRow
from inventory.stock.selectors import CELLS_OF_PRODUCT, cells_of
from oms.company.selectors import TaxKey, find_tax
from oms.kernel.sqlrows import relation


@dataclass(frozen=True)
class Asked:
    """A line as typed: a SKU, how much in which unit ("" = base unit)."""

    sku: str
    quantity: Decimal
    unit: str


@dataclass(frozen=True)
class Offer:
    """What the books say of one asked line; `price` or `tax_rate` None when no list or rule knows it.

    `price` is net: of a list with tax included what is left of it without the line's own tax, to six decimals (PRODUCT.md section 7).

    `num`/`den`: base units per entered unit (None: unknown unit). `price` is per `price_unit` base units.
    """

    position: int
    product_id: int | None
    sku: str
    name: str | None
    active: bool | None
    num: int | None
    den: int | None
    price_unit: int | None
    minimum: int | None
    multiple: int | None
    unit_cost: Decimal | None
    base_unit: str | None
    price: Decimal | None
    price_source: str | None
    tax_category: str | None
    tax_rate: Decimal | None
    cells: Sequence[CellRow] = ()


OFFERS = """
SELECT asked.position, product.id, asked.sku, product.name, product.status = 'active',
       CASE WHEN asked.unit IN ('', product.base_unit) THEN 1 ELSE unit.num END,
       CASE WHEN asked.unit IN ('', product.base_unit) THEN 1 ELSE unit.den END,
       product.price_unit, product.minimum_quantity, product.quantity_multiple, product.standard_cost,
       product.base_unit, CASE WHEN price.includes_tax THEN round(price.unit_price / (1 + tax.rate), 6) ELSE price.unit_price END, price.source, tax.category, tax.rate, {cells}
FROM {asked}
LEFT JOIN LATERAL (SELECT * FROM inventory_product WHERE sku = asked.sku OFFSET 0) product ON true  -- by its index, however few there are
LEFT JOIN inventory_unit unit ON unit.product_id = product.id AND unit.code = asked.unit
LEFT JOIN LATERAL (
    SELECT p.unit_price, list.includes_tax, list.code AS source
    FROM orders_price p JOIN orders_pricelist list ON list.id = p.price_list_id
    WHERE p.product_id = product.id AND list.currency_id = %(currency)s
      AND p.minimum_quantity <= greatest(floor(asked.quantity * CASE WHEN asked.unit IN ('', product.base_unit) THEN 1
                                         ELSE unit.num::numeric / unit.den END), 1)
      AND list.valid_from <= %(on)s AND (list.valid_to IS NULL OR list.valid_to >= %(on)s)
      AND (list.scope = 3 OR list.customer_id = %(customer)s
           OR (list.scope = 1 AND list."group" = %(group)s) OR (list.scope = 2 AND list.customer_class = %(class)s))
    ORDER BY list.scope, list.valid_from DESC, list.id DESC, p.minimum_quantity DESC LIMIT 1
) price ON true
LEFT JOIN LATERAL (
    SELECT rule.category, rule.rate FROM oms_taxrule rule
    WHERE rule.tax_class = product.tax_class AND rule.tax_status = %(tax_status)s
      AND rule.ship_from IN ('', %(ship_from)s) AND rule.ship_to IN ('', %(ship_to)s)
      AND rule.valid_from <= %(on)s AND (rule.valid_to IS NULL OR rule.valid_to >= %(on)s)
    ORDER BY (rule.ship_to <> '')::int + (rule.ship_from <> '')::int DESC, rule.valid_from DESC LIMIT 1
) tax ON true
ORDER BY asked.position
"""


@dataclass(frozen=True)
class Buyer:
    """Who prices are for, in the words of the price lists and the tax rules."""

    customer_id: int
    group: str
    customer_class: int
    currency: str
    tax_status: str
    ship_from: str
    ship_to: str


def offers(buyer: Buyer, on: date, asked: Sequence[Asked], cells: bool = False) -> list[Offer]:
    """An Offer for every asked line, in order; one statement. `on` is the price date and the date of supply.

    `cells` reads along where each line could come from.
    """
    rows = [(i, a.sku, a.quantity, a.unit) for i, a in enumerate(asked)]
    source, parameters = relation(
        "asked", {"position": "int", "sku": "text", "quantity": "numeric", "unit": "text"}, rows
    )
    parameters |= {
        "currency": buyer.currency, "customer": buyer.customer_id, "group": buyer.group, "on": on,
        "class": buyer.customer_class, "tax_status": buyer.tax_status, "ship_from": buyer.ship_from,
        "ship_to": buyer.ship_to,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(OFFERS.format(asked=source, cells=CELLS_OF_PRODUCT if cells else "NULL"), parameters)
        return [Offer(*(*known, cells_of(found))) for *known, found in cursor.fetchall()]


def charge_tax(buyer: Buyer, on: date) -> tuple[str, Decimal] | None:
    """Category and rate for charges (freight, fees), taxed as the standard class; None when no rule knows it."""
    key = TaxKey("standard", buyer.tax_status, buyer.ship_from, buyer.ship_to, on)
    found = find_tax([key]).get(key)
    return (found.category, found.rate) if found else None


class Break(NamedTuple):
    """The price from so many base units on, and the list it is of."""

    from_quantity: int
    price: Decimal
    source: str


@dataclass(frozen=True)
class Priced:
    """A product's prices for a buyer, ascending by quantity; breaks that change nothing are left out."""

    sku: str
    price_unit: int
    tax_rate: Decimal | None
    breaks: tuple[Break, ...]


BUYER_COUNTRIES = """
SELECT coalesce((SELECT country FROM oms_company WHERE id = 1), ''),
       coalesce((SELECT country FROM customers_address WHERE customer_id = %s AND is_default AND retired_at IS NULL LIMIT 1), '')
"""
# Every quantity from which some list that may hold for the buyer has another price.
BREAKS = """
WITH page AS (
    SELECT id, sku FROM inventory_product
    WHERE status = 'active' AND sku > %(after)s AND (%(skus)s::text[] IS NULL OR sku = ANY(%(skus)s)) ORDER BY sku LIMIT %(limit)s
)
SELECT page.sku, greatest(p.minimum_quantity, 1)::bigint FROM page
LEFT JOIN (orders_price p JOIN orders_pricelist list ON list.id = p.price_list_id AND list.currency_id = %(currency)s
    AND list.valid_from <= %(on)s AND (list.valid_to IS NULL OR list.valid_to >= %(on)s)
    AND (list.scope = 3 OR list.customer_id = %(customer)s OR (list.scope = 1 AND list."group" = %(group)s) OR (list.scope = 2 AND list.customer_class = %(class)s))
) ON p.product_id = page.id
GROUP BY 1, 2 ORDER BY 1, 2
"""


def buyer_of(customer: Customer) -> Buyer:
    """A customer as prices know it, delivered to at its default address. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(BUYER_COUNTRIES, [customer.pk])
        ship_from, ship_to = cursor.fetchone()
    return Buyer(customer.pk, customer.group, customer.customer_class, customer.currency_id, customer.tax_status, ship_from, ship_to)


def breaks_of(buyer: Buyer, on: date, *, skus: Sequence[str] = (), after: str = "", limit: int = 100) -> list[Priced]:
    """Active products by SKU after `after` (of `skus` only, if given), at most `limit`, with the buyer's prices. Two statements."""
    parameters = {
        "after": after, "skus": list(skus) or None, "limit": limit, "currency": buyer.currency, "customer": buyer.customer_id,
        "group": buyer.group, "class": buyer.customer_class, "on": on,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(BREAKS, parameters)
        asked = [Asked(sku, Decimal(quantity or 1), "") for sku, quantity in cursor.fetchall()]
    found: dict[str, list[Offer]] = {}
    for offer in offers(buyer, on, asked) if asked else []:
        found.setdefault(offer.sku, []).append(offer)
    quantities = {(a.sku, i): int(a.quantity) for i, a in enumerate(asked)}
    rows = []
    for sku, known in found.items():
        breaks: list[Break] = []
        for offer in known:
            if offer.price is not None and (not breaks or (offer.price, offer.price_source) != breaks[-1][1:]):
                breaks.append(Break(quantities[sku, offer.position], offer.price, offer.price_source or ""))
        rows.append(Priced(sku, known[0].price_unit or 1, known[0].tax_rate, tuple(breaks)))
    return rows
