"""What the pages of transfers post: rows of products with their units and places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from inventory.catalog.domain import units_typed
from inventory.catalog.selectors import products_by_sku, units_of
from oms.kernel.errors import Invalid

BIN, LOT = 40, 40


@dataclass(frozen=True)
class TypedRow:
    """One row of a page: units of a product in a place; `at` names the row in refusals."""

    at: str
    product_id: int
    quantity: int
    bin: str
    lot: str
    expires_on: date | None = None


def day_typed(text: str, field: str) -> date | None:
    """A date of a date field; None for nothing. Raises Invalid at the field."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        wrong = _("%(text)s is not a date.") % {"text": text[:20]}
        raise Invalid(wrong, code="bad_date", errors=[{"field": field, "message": wrong}]) from error


def rows_of_grid(rows: Mapping[int, Mapping[str, str]]) -> list[TypedRow]:
    """The rows of an entry grid. Raises Invalid `rows_invalid` with every wrong cell: {field, message}."""
    products = products_by_sku(row.get("product", "") for row in rows.values())
    units = units_of(list(products.values()))
    found, wrong = [], []
    for n, row in rows.items():
        product = products.get(row.get("product", ""))
        if product is None:
            text = (
                _("There is no product %(sku)s.") % {"sku": row.get("product", "")}
                if row.get("product")
                else _("Say which product.")
            )
            wrong.append({"field": f"lines-{n}-product", "message": text})
            continue
        try:
            quantity = units_typed(
                row.get("quantity", ""), {code: worth for (p, code), worth in units.items() if p == product}
            )
            if not quantity:
                raise Invalid(_("Say how many units."), code="quantity_invalid")
            expires = day_typed(row.get("expires", ""), f"lines-{n}-expires")
            found.append(
                TypedRow(
                    f"lines-{n}",
                    product,
                    quantity,
                    row.get("bin", "")[:BIN],
                    row.get("lot", "")[:LOT],
                    expires,
                )
            )
        except Invalid as error:
            wrong.append({"field": f"lines-{n}-quantity", "message": str(error.message)})
    if wrong:
        raise Invalid(_("Some lines are not right; nothing was written."), code="rows_invalid", errors=wrong)
    return found


def rows_listed(post: Any, lines: Iterable[Any]) -> list[TypedRow]:
    """The rows drawn from a transfer's lines: `line`, `quantity`, `bin`, `lot`, `expires` side by side; empty quantities left out.

    Raises Invalid `rows_invalid` (a number that is none), `stale_page` (columns that do not belong together).
    """
    by_pk = {str(line.pk): line for line in lines}
    columns = [post.getlist(name) for name in ("line", "quantity", "bin", "lot", "expires")]
    if len({len(column) for column in columns}) != 1 or not set(columns[0]) <= by_pk.keys():
        raise Invalid(
            _("This page is not the transfer's."), code="stale_page", clears=_("Open the transfer again.")
        )
    units = units_of([line.product_id for line in by_pk.values()])
    found, wrong = [], []
    for n, (key, typed, bin_, lot, expires) in enumerate(zip(*columns, strict=True)):
        product = by_pk[key].product_id
        try:
            quantity = units_typed(typed, {code: worth for (p, code), worth in units.items() if p == product})
        except Invalid as error:
            wrong.append({"field": f"row-{n}", "message": str(error.message)})
            continue
        if quantity:
            place = bin_.replace("\x00", "").strip()[:BIN], lot.replace("\x00", "").strip()[:LOT]
            found.append(TypedRow(f"row-{n}", product, quantity, *place, day_typed(expires, f"row-{n}")))
    if wrong:
        raise Invalid(_("Some lines are not right; nothing was written."), code="rows_invalid", errors=wrong)
    return found
