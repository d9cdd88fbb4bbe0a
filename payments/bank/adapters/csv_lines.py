"""CSV with a header: at least a date and an amount; comma, semicolon or tab; no balances."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from datetime import date
from decimal import Decimal, InvalidOperation

from oms.kernel.errors import Invalid
from payments.bank.domain import NewBankLine, StatementData

COLUMNS = {
    "booking_date": ("booking_date", "booking date", "date"),
    "value_date": ("value_date", "value date", "valuta"),
    "amount": ("amount",),
    "currency": ("currency",),
    "text": ("text", "description", "details"),
    "counterparty": ("counterparty", "name"),
    "counterparty_account": ("counterparty_account", "counterparty account", "iban"),
    "reference": ("reference",),
    "bank_reference": ("bank_reference", "bank reference", "id"),
}
MOST_LINES = 20_000


def read(data: bytes) -> list[StatementData]:
    """The one statement a CSV file is. Raises Invalid `statement_unreadable` with the row at fault."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    if "\x00" in text:
        raise _unreadable("it is not text")
    head = text.split("\n", 1)[0]
    delimiter = max(";,\t", key=head.count)
    rows = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        return [_statement(list(rows), hashlib.sha256(data).hexdigest()[:16])]
    except csv.Error as error:
        raise _unreadable(str(error)) from error


def _unreadable(cause: str) -> Invalid:
    return Invalid(f"The file is neither MT940, CAMT.053 nor CSV: {cause}.", code="statement_unreadable")


def _statement(rows: list[list[str]], number: str) -> StatementData:
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    places = {field: next((header.index(n) for n in names if n in header), None) for field, names in COLUMNS.items()}
    if places["booking_date"] is None or places["amount"] is None:
        raise _unreadable("the first row must name the columns, at least date and amount")
    body = [(n, row) for n, row in enumerate(rows[1:], start=2) if any(cell.strip() for cell in row)]
    if not body or len(body) > MOST_LINES:
        raise _unreadable(f"it has {len(body)} rows")
    currencies, lines = set(), []
    for n, row in body:
        cells = {f: row[i].strip() if i is not None and i < len(row) else "" for f, i in places.items()}
        try:
            lines.append(_line(cells))
        except (ValueError, InvalidOperation) as error:
            raise _unreadable(f"row {n}: {error}") from error
        currencies.add(cells["currency"].upper())
    if len(currencies) > 1:
        raise _unreadable("it holds several currencies")
    return StatementData("", number, max(x.booking_date for x in lines), currencies.pop(), None, None, tuple(lines))


def _line(cells: dict[str, str]) -> NewBankLine:
    booking = _day(cells["booking_date"])
    return NewBankLine(
        booking_date=booking, value_date=_day(cells["value_date"]) if cells["value_date"] else booking,
        amount=_amount(cells["amount"]), text=cells["text"][:4000], counterparty=cells["counterparty"][:200],
        counterparty_account=cells["counterparty_account"].replace(" ", "")[:40], reference=cells["reference"][:140],
        bank_reference=cells["bank_reference"][:140],
    )  # fmt: skip


def _day(text: str) -> date:
    if found := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", text):
        day, month, year = map(int, found.groups())
        return date(year, month, day)
    return date.fromisoformat(text)


def _amount(text: str) -> Decimal:
    """`1234.56`, `1,234.56`, `1.234,56` and `-12,50`: the last of comma and point separates decimals."""
    plain = text.replace(" ", "").replace("\u00a0", "").replace("\u2212", "-")
    if plain.rfind(",") > plain.rfind("."):
        plain = plain.replace(".", "").replace(",", ".")
    else:
        plain = plain.replace(",", "")
    value = Decimal(plain)
    if not value.is_finite() or value == 0 or abs(value) >= Decimal(10) ** 14:
        raise ValueError(f"{text[:20]!r} is not an amount")
    return value
