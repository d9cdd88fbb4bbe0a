"""Orders by CSV, a row a line, in the sender's own codes: rows with the same `order` are one order.

Comma, semicolon or tab; UTF-8, UTF-16 with its mark, or the partner's charset; German decimals where semicolons cut.
"""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from decimal import Decimal

from orders.channels.adapters.segments import number
from orders.channels.domain import (
    ORDER,
    Charge,
    Finding,
    OrderedLine,
    OrderMessage,
    Parsed,
    Party,
    Read,
    Reference,
    Setting,
)

COLUMNS = {
    "order": "number of the order, the same on each of its rows", "customer": "the sender's code of the buyer",
    "ship_to": "the sender's code of the place", "currency": "ISO 4217", "requested_date": "YYYY-MM-DD or DD.MM.YYYY",
    "cancel_after": "not wanted any more after this day", "notes": "internal", "line": "the sender's number of the line",
    "sku": "the sender's or our code of the product", "quantity": "in the unit", "unit": "default: the base unit",
    "price": "net per unit", "charge": "text of a charge; then without sku, its amount is the price",
    "name": "of the place", "street": "of the place", "postal_code": "of the place", "city": "of the place", "country": "ISO 3166, two letters",
}  # fmt: skip
SAME = {"order_number": "order", "po": "order", "product": "sku", "article": "sku", "qty": "quantity", "delivery_date": "requested_date",
        "line_number": "line", "price_net": "price", "zip": "postal_code"}  # fmt: skip
NEEDED = ("order", "sku", "quantity")
MOST_COLUMNS, MOST_CELL = 200, 32_000


def text_of(data: bytes, charset: str) -> str | Finding:
    """The text, or why it is none."""
    names = ["utf-16"] if data[:2] in (b"\xff\xfe", b"\xfe\xff") else [*filter(None, (charset,)), "utf-8-sig"]
    for name in names:
        try:
            text = data.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
        return Finding("unreadable", "", {"format": "CSV", "cause": "a NUL character"}) if "\x00" in text else text
    at = next(n for n, byte in enumerate(data) if byte > 127)
    return Finding("charset", f"row {data.count(10, 0, at) + 1}", {"charset": names[0], "byte": f"0x{data[at]:02X}"})


def read(data: bytes, setting: Setting) -> Parsed:
    """The file's orders, in the order they begin."""
    text = text_of(data, setting.charset)
    if isinstance(text, Finding):
        return Parsed(findings=(text,))
    first = text[:10_000].partition("\n")[0]
    cut = max(",;\t", key=first.count)
    header, orders = list[str](), dict[str, Rows]()
    row = 0
    try:
        for row, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=cut, strict=True), 1):
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > MOST_COLUMNS or any(len(cell) > MOST_CELL for cell in cells):
                return Parsed(findings=(Finding("unreadable", f"row {row}", {"format": "CSV", "cause": "too many or too long cells"}),))
            if not header:
                header = [SAME.get(name, name) for name in (cell.strip().lower().replace(" ", "_") for cell in cells)]
                if missing := [name for name in NEEDED if name not in header]:
                    return Parsed(findings=(Finding("column_missing", f"row {row}", {"name": ", ".join(missing)}),))
                continue
            named = dict(zip(header, (cell.strip() for cell in cells), strict=False))
            found = orders.setdefault(named["order"], Rows(named["order"], cut == ";"))
            if len(cells) != len(header):
                found.findings.append(Finding("ragged", f"row {row}", {"stated": str(len(header)), "computed": str(len(cells))}))
            found.add(row, named)
    except csv.Error as error:
        return Parsed(findings=(Finding("unreadable", f"row {row + 1}", {"format": "CSV", "cause": str(error)}),))
    return Parsed(tuple(found.read() for found in orders.values()))


class Rows:
    """The rows of one order."""

    def __init__(self, number_: str, comma: bool) -> None:
        self.number, self.comma = number_, comma
        self.head: dict[str, str] = {}
        self.lines: list[OrderedLine] = []
        self.charges: list[Charge] = []
        self.findings: list[Finding] = []

    def decimal(self, row: int, name: str, text: str) -> Decimal | None:
        """A cell's number: with a comma for the point where semicolons cut."""
        found = number(text, "" if self.comma else ".")
        if found is None:
            self.findings.append(Finding("bad_number", f"row {row}, {name}", {"value": text[:40]}))
        return found

    def day(self, row: int, name: str, text: str) -> date | None:
        for form in ("%Y-%m-%d", "%d.%m.%Y", "%Y%m%d"):
            try:
                return datetime.strptime(text, form).date()
            except ValueError:
                continue
        self.findings.append(Finding("bad_date", f"row {row}, {name}", {"value": text[:40]}))
        return None

    def add(self, row: int, cells: dict[str, str]) -> None:
        """A row: a product's or a charge; the first filled cell of the head's columns counts, another one is a contradiction."""
        for name in ("customer", "ship_to", "currency", "requested_date", "cancel_after", "notes", "name", "street", "postal_code", "city", "country"):
            value = cells.get(name, "")
            if value and self.head.setdefault(name, value) != value:
                self.findings.append(Finding("contradiction", f"row {row}, {name}", {"value": value[:40], "other": self.head[name][:40]}))
        price = self.decimal(row, "price", cells["price"]) if cells.get("price") else None
        if words := cells.get("charge", ""):
            self.charges.append(Charge(words[:200], price or Decimal(0)))
            return
        quantity = self.decimal(row, "quantity", cells.get("quantity", ""))
        if quantity is not None and quantity <= 0:
            self.findings.append(Finding("bad_number", f"row {row}, quantity", {"value": cells.get("quantity", "")[:40]}))
        if not cells.get("sku"):
            self.findings.append(Finding("no_reference", f"row {row}, sku", {"line": cells.get("line") or str(len(self.lines) + 1)}))
        code = cells.get("sku", "")
        self.lines.append(OrderedLine(
            cells.get("line") or str(len(self.lines) + 1), (Reference("", code),) if code else (), quantity or Decimal(0), cells.get("unit", ""), price,
        ))  # fmt: skip

    def read(self) -> Read:
        """The order of these rows."""
        head = self.head
        if not self.number:
            return Read("", "CSV", None, (Finding("number_missing", "order", {"value": ""}), *self.findings))
        dates = {name: self.day(0, name, head[name]) for name in ("requested_date", "cancel_after") if name in head}
        if not self.lines:
            self.findings.append(Finding("no_lines", "sku", {}))
        place = Party(
            code=head.get("ship_to", ""), name=head.get("name", ""), street=head.get("street", ""), city=head.get("city", ""),
            postal_code=head.get("postal_code", ""), country=head.get("country", "").upper(),
        )  # fmt: skip
        order = OrderMessage(
            ORDER, self.number, self.number, currency=head.get("currency", "").upper(), buyer=Party(head.get("customer", "")), ship_to=place,
            lines=tuple(self.lines), charges=tuple(self.charges), requested_date=dates.get("requested_date"),
            cancel_after=dates.get("cancel_after"), notes=head.get("notes", "")[:2000],
        )  # fmt: skip
        return Read(self.number, "CSV", order, tuple(self.findings))
