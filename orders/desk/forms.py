"""The entry form: what the page posts becomes an EntryRequest; mistakes stay beside the field they belong to."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from oms.kernel.errors import Invalid
from orders.book.choices import Channel
from orders.entry.domain import ChargeRequest, EntryRequest, LineRequest

MAX_LINES = 500
CELL = re.compile(r"^lines-(\d{1,4})-(product|product-text|quantity|unit|price|discount)$")


@dataclass
class EntryForm:
    """The posted page: header values, lines by their number on the page, and mistakes by field."""

    customer: str
    customer_po: str
    requested_date: str
    ship_to: str
    shortage_rule: str
    channel: str
    freight: str
    reason: str
    instructions: str
    lines: dict[int, dict[str, str]]
    key: str
    shown: dict[str, Any] | None
    accept_changes: bool
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, data: Mapping[str, str]) -> EntryForm:
        """From POST data; nothing is refused here."""
        lines: dict[int, dict[str, str]] = {}
        for name, value in data.items():
            found = CELL.match(name)
            if found:
                lines.setdefault(int(found[1]), {})[found[2]] = value.replace("\x00", "").strip()
        for line in lines.values():
            line["product"] = line.get("product") or line.get("product-text", "")
        filled = {n: line for n, line in sorted(lines.items()) if line["product"] or line.get("quantity")}

        def text(name: str, limit: int) -> str:
            return data.get(name, "").replace("\x00", "").strip()[:limit]

        return cls(
            customer=text("customer", 20), customer_po=text("customer_po", 60),
            requested_date=text("requested_date", 10), ship_to=text("ship_to", 20),
            shortage_rule=text("shortage_rule", 10), channel=text("channel", 10), freight=text("freight", 20),
            reason=text("reason", 200), instructions=text("instructions", 2_000),
            lines=dict(list(filled.items())[:MAX_LINES]), key=text("idempotency_key", 60) or uuid.uuid4().hex,
            shown=shown_of(data.get("shown", "")), accept_changes=data.get("accept_changes") == "1",
        )  # fmt: skip

    def request(self, only: set[int] | None = None) -> tuple[EntryRequest, list[int]]:
        """(the request, the page's number of each of its lines); `only` leaves the other lines out.

        Raises Invalid `mistakes` with the first message; all are in `errors`.
        """
        numbers, lines = [], []
        for n, cells in self.lines.items():
            if only is not None and n not in only:
                continue
            line = self.line(n, cells)
            if line is not None:
                numbers.append(n)
                lines.append(line)
        requested = self.day("requested_date", self.requested_date)
        freight = self.number("freight", self.freight)
        if not self.customer:
            self.errors["customer"] = _("Choose the customer.")
        if self.errors and only is None:
            raise Invalid(next(iter(self.errors.values())), code="mistakes")
        channel = Channel.PHONE if self.channel == Channel.PHONE else Channel.WEB
        return EntryRequest(
            customer=self.customer, lines=tuple(lines), channel=channel.value, ship_to=self.ship_to,
            charges=(ChargeRequest(_("Freight"), freight),) if freight else (), customer_po=self.customer_po,
            requested_date=requested, shortage_rule=self.shortage_rule or None, instructions=self.instructions,
            shown=self.shown, accept_changes=self.accept_changes,
        ), numbers  # fmt: skip

    def line(self, n: int, cells: dict[str, str]) -> LineRequest | None:
        """One line, or None with its mistake noted."""
        where = f"lines.{n}"
        quantity = self.number(f"{where}.quantity", cells.get("quantity", "") or "0")
        price = self.number(f"{where}.price", cells.get("price", ""))
        percent = self.number(f"{where}.discount", cells.get("discount", "").rstrip(" %"))
        if not cells["product"]:
            self.errors[f"{where}.sku"] = _("Choose a product.")
        elif not quantity and f"{where}.quantity" not in self.errors:
            self.errors[f"{where}.quantity"] = _("How many?")
        elif percent is not None and percent > 100:
            self.errors[f"{where}.discount"] = _("A discount is at most 100 %.")
        if any(name.startswith(f"{where}.") for name in self.errors):
            return None
        discount = percent / 100 if percent else None
        return LineRequest(
            cells["product"][:40], quantity or Decimal(0), cells.get("unit", "")[:20], price, discount, reason=self.reason
        )

    def number(self, where: str, text: str) -> Decimal | None:
        """A number as people type it (1 200,50 or 1,200.50); None when empty, a mistake when it is none."""
        if not text:
            return None
        plain = text.replace("\u00a0", "").replace(" ", "").replace("'", "")
        if "," in plain and "." in plain:
            plain = plain.replace("," if plain.rfind(".") > plain.rfind(",") else ".", "")
        try:
            value = Decimal(plain.replace(",", "."))
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite() or value < 0 or value >= 10**12 or value != round(value, 6):
            self.errors[where] = _("“%(text)s” is not a number.") % {"text": text[:30]}
            return None
        return value

    def day(self, where: str, text: str) -> date | None:
        """A date, or a mistake."""
        if not text:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.errors[where] = _("“%(text)s” is not a date.") % {"text": text}
            return None

    def body_hash(self) -> bytes:
        """What makes two posts with one key the same order."""
        plain = {k: v for k, v in vars(self).items() if k not in ("key", "shown", "accept_changes", "errors")}
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).digest()


def shown_of(text: str) -> dict[str, Any] | None:
    """What the form showed, as it sends it back; anything else counts as nothing shown."""
    try:
        value = json.loads(text) if text else None
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
