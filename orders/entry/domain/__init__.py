"""What is asked when an order is entered, what is answered, and when an answer is worse than the one shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class LineRequest:
    """A line as typed. `unit` "" is the base unit; `price`/`discount` None take the list's; `reason` goes with both."""

    sku: str
    quantity: Decimal
    unit: str = ""
    price: Decimal | None = None
    discount: Decimal | None = None
    no_split: bool = False
    reason: str = ""


@dataclass(frozen=True)
class ChargeRequest:
    """Freight, a small-order fee: a net amount with a text."""

    description: str
    amount: Decimal


@dataclass(frozen=True)
class EntryRequest:
    """A whole order as entered by any channel. `customer` and `ship_to` are codes ("" = the default address).

    `draft` is the number of the draft that becomes this order, at the version that was read.
    `expected_net` and `expected_total` are what the sender reckons with: another amount holds the order, with the difference.
    `shown` is what the form or the partner saw (see `Answer.shown`); a worse commit is refused unless
    `accept_changes`. `history` enters an old order of another system: holds are recorded as released.
    """

    customer: str
    lines: tuple[LineRequest, ...]
    channel: str
    charges: tuple[ChargeRequest, ...] = ()
    ship_to: str = ""
    external_id: str = ""
    customer_po: str = ""
    po_repeats: bool = False
    requested_date: date | None = None
    cancel_after: date | None = None
    delivery_rule: int | None = None
    shortage_rule: str | None = None
    criticality: int | None = None
    instructions: str = ""
    notes: str = ""
    shown: Mapping[str, Any] | None = None
    accept_changes: bool = False
    history: bool = False
    payload: bytes | None = None
    payload_type: str = ""
    expected_net: Decimal | None = None
    expected_total: Decimal | None = None
    draft: str = ""
    draft_version: int = 0


DRAFT_HEAD = frozenset({
    "customer", "customer-text", "customer_po", "requested_date", "ship_to", "shortage_rule", "channel", "freight", "reason",
    "instructions",
})  # fmt: skip
DRAFT_CELL = re.compile(r"^lines-\d{1,4}-(product|product-text|quantity|unit|price|discount)$")
MAX_DRAFT_FIELDS, MAX_DRAFT_TEXT = 3_000, 2_000


def draft_fields(posted: Mapping[str, str]) -> dict[str, str]:
    """Of what a page posts, the entry fields that a draft keeps: filled ones, cut to a sane length, in their order."""
    kept = {
        name: text.replace("\x00", "")[:MAX_DRAFT_TEXT]
        for name, text in posted.items()
        if text and (name in DRAFT_HEAD or DRAFT_CELL.match(name))
    }
    return dict(list(kept.items())[:MAX_DRAFT_FIELDS])


def template_fields(posted: Mapping[str, str]) -> dict[str, str]:
    """Of what a page posts, what a template keeps: everything of a draft but the day and the customer's number, which are of one order."""
    return {name: text for name, text in draft_fields(posted).items() if name not in ("requested_date", "customer_po")}


def draft_lines(lines: Iterable[tuple[str, ...]]) -> dict[str, str]:
    """(SKU, quantity, unit, price, discount in %) of lines, as far as given, as the entry fields of a draft."""
    columns = ("product", "quantity", "unit", "price", "discount")
    return {f"lines-{n}-{name}": text for n, line in enumerate(lines, 1) for name, text in zip(columns, line, strict=False) if text}


@dataclass(frozen=True)
class LineAnswer:
    """The hint for one line: base quantity, price and where it is from, and when it can be there.

    `now` of `quantity` is on the shelf, `promised` of it has a date; `delivery_date` is that of the last part.
    `locations`: (code, available now) for display. `quota_left` before this order, None without a quota.
    """

    sku: str
    name: str
    quantity: int
    unit_price: Decimal
    price_unit: int
    discount: Decimal
    price_source: str
    net: Decimal
    promised: int
    ship_date: date | None
    delivery_date: date | None
    source: str
    constraint: str
    parts: tuple[tuple[str, date, date, int], ...]
    locations: tuple[tuple[str, int], ...] = ()
    quota_left: int | None = None

    @property
    def missing(self) -> int:
        """How much of the line has no supply in sight."""
        return self.quantity - self.promised


@dataclass(frozen=True)
class HoldAnswer:
    """A hold the order will get, in words."""

    kind: str
    code: str
    amount: Decimal
    reason: str


@dataclass(frozen=True)
class Answer:
    """What the commit did, or would do now. `credit_left` is after this order (None: no credit account)."""

    lines: tuple[LineAnswer, ...]
    currency: str
    net: Decimal
    tax: Decimal
    total: Decimal
    credit_left: Decimal | None
    holds: tuple[HoldAnswer, ...]
    approval: str
    status: str
    claim_expires_at: datetime | None
    requested_date: date
    number: str = ""
    order_id: int | None = None
    problems: tuple[str, ...] = field(default=())

    def shown(self) -> dict[str, Any]:
        """The part of the answer a customer could hold us to: sent back by the form, compared at commit."""
        return {
            "total": str(self.total),
            "holds": sorted(h.kind for h in self.holds),
            "lines": [
                {
                    "sku": line.sku,
                    "promised": line.promised,
                    "delivery_date": line.delivery_date.isoformat() if line.delivery_date else None,
                }
                for line in self.lines
            ],
        }


@dataclass(frozen=True)
class Difference:
    """One way in which the commit is worse than what was shown."""

    what: str
    shown: Any
    now: Any


def worse(shown: Mapping[str, Any], now: Mapping[str, Any]) -> list[Difference]:
    """Every way in which `now` is worse than `shown` (both from `Answer.shown`): later, less, dearer, newly held."""
    found: list[Difference] = []
    if Decimal(str(shown.get("total", now["total"]))) < Decimal(now["total"]):
        found.append(Difference("total", shown["total"], now["total"]))
    for kind in sorted(set(now["holds"]) - set(shown.get("holds", ()))):
        found.append(Difference("hold", None, kind))
    before = {(i, line["sku"]): line for i, line in enumerate(shown.get("lines", ()))}
    for i, line in enumerate(now["lines"]):
        old = before.get((i, line["sku"]))
        if old is None:
            continue
        if line["promised"] < int(old.get("promised") or 0):
            found.append(Difference(f"lines.{i}.promised", old["promised"], line["promised"]))
        earlier, later = old.get("delivery_date"), line["delivery_date"]
        if earlier is not None and (later is None or later > earlier):
            found.append(Difference(f"lines.{i}.delivery_date", earlier, later))
    return found
