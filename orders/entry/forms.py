"""The amendment form: what its page posts becomes an Amendment; mistakes stay beside the field they belong to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from oms.kernel.errors import Invalid
from oms.web import typed
from orders.book.models import Order, OrderLine
from orders.entry.domain import LineRequest
from orders.entry.domain.amending import Amendment, LineChange

T = TypeVar("T")
CELL = re.compile(r"^lines-(\d{1,4})-(product|product-text|quantity|unit|price|discount)$")


@dataclass
class AmendForm:
    """The posted page: standing lines' boxes by their id, new lines by their number on the page, and mistakes by field."""

    values: dict[str, str]
    order: Order
    lines: list[OrderLine]
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, data: Mapping[str, str], order: Order, lines: Iterable[OrderLine]) -> AmendForm:
        """From POST data, or from nothing for a fresh page."""
        return cls({k: v.replace("\x00", "").strip()[:200] for k, v in data.items()}, order, list(lines))

    @property
    def version(self) -> int:
        text = self.values.get("version", "")
        return int(text) if text.isdigit() and len(text) < 10 else self.order.version

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The standing lines as the page draws them: what stands, what can't be taken, what is typed."""
        return [
            {
                "line": x, "stands": x.quantity_ordered - x.quantity_cancelled,
                "quantity": self.values.get(f"quantity-{x.pk}", str(x.quantity_ordered - x.quantity_cancelled)),
                "price": self.values.get(f"price-{x.pk}", ""), "discount": self.values.get(f"discount-{x.pk}", ""),
                "error": next((t for n, t in self.errors.items() if n.endswith(f"-{x.pk}")), ""),
            }
            for x in self.lines
            if x.quantity_ordered > x.quantity_cancelled
        ]  # fmt: skip

    @property
    def new_lines(self) -> dict[int, dict[str, str]]:
        """Lines typed below, by their number on the page."""
        found: dict[int, dict[str, str]] = {}
        for name, value in self.values.items():
            if (match := CELL.match(name)) and value:
                found.setdefault(int(match[1]), {})[match[2]] = value
        for cells in found.values():
            cells["product"] = cells.get("product", "") or cells.get("product-text", "")
            cells["text"] = cells.get("product-text", "") or cells["product"]
        return {n: cells for n, cells in sorted(found.items()) if cells["product"]}

    @property
    def new_rows(self) -> list[tuple[int, dict[str, str], tuple[str, str] | None]]:
        """(number, cells, (column, mistake)) of the lines typed below."""
        return [
            (n, cells, next(((k.rsplit("-", 1)[1], t) for k, t in self.errors.items() if k.startswith(f"lines-{n}-")), None))
            for n, cells in self.new_lines.items()
        ]

    def request(self) -> Amendment:
        """What is asked; raises Invalid `mistakes`, all of them in `errors`."""
        changes = [c for x in self.lines if (c := self.change(x))]
        reason = self.values.get("reason", "")
        added = [
            LineRequest(
                cells["product"][:40], self.typed(f"lines-{n}-quantity", typed.number, cells.get("quantity", "")) or Decimal(0),
                cells.get("unit", "")[:20], self.typed(f"lines-{n}-price", typed.number, cells.get("price", "")),
                self.typed(f"lines-{n}-discount", typed.share, cells.get("discount", "")), reason=reason,
            )
            for n, cells in self.new_lines.items()
            if cells.get("quantity")
        ]  # fmt: skip
        requested = self.typed("requested_date", typed.day, self.values.get("requested_date", ""))
        address = self.values.get("ship_to", "")
        if self.errors:
            raise Invalid(next(iter(self.errors.values())), code="mistakes")
        return Amendment(tuple(changes), tuple(added), requested, "" if address == self.order.ship_to.code else address[:20], reason)

    def change(self, line: OrderLine) -> LineChange | None:
        """What is typed for a standing line, or None when it stays."""
        if f"quantity-{line.pk}" not in self.values:
            return None
        stands = line.quantity_ordered - line.quantity_cancelled
        wanted = self.typed(f"quantity-{line.pk}", typed.number, self.values[f"quantity-{line.pk}"] or "0")
        if wanted is not None and wanted != int(wanted):
            self.errors[f"quantity-{line.pk}"] = _("Whole units only.")
        price = self.typed(f"price-{line.pk}", typed.number, self.values.get(f"price-{line.pk}", ""))
        discount = self.typed(f"discount-{line.pk}", typed.share, self.values.get(f"discount-{line.pk}", ""))
        quantity = int(wanted) if wanted is not None and wanted != stands else None
        return LineChange(line.pk, quantity, price, discount) if (quantity, price, discount) != (None, None, None) else None

    def typed(self, name: str, read: Callable[[str], T | None], text: str) -> T | None:
        """What was typed, by one of `oms.web.typed`; a mistake is noted at its box."""
        try:
            return read(text)
        except ValueError as error:
            self.errors[name] = str(error)
            return None
