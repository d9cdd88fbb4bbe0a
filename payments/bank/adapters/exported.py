"""The file that `export_bank_statement` writes: a row a line, with its statement, its balances and its number among equal ones.

A row without an amount is a statement without lines; rows without a statement are lines that were keyed by hand.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, TextIO

from django.utils.translation import gettext as _

from oms.files.cells import CellError, harmless, plain, text_of
from oms.kernel.errors import Invalid
from payments.bank.domain import TEXTS, NewBankLine, StatementData

HEAD = ("account", "statement", "statement_date", "opening", "closing", "currency", "flaw")
COLUMNS = (*HEAD, "booking_date", "value_date", "amount", "line_no", *TEXTS)
LONGEST = {"text": 100_000, "counterparty": 200, "counterparty_account": 40, "reference": 140, "bank_reference": 140, "statement": 40, "flaw": 200}
BEGIN = ",".join(COLUMNS).encode()


def write(target: TextIO, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write rows of COLUMNS as CSV; how many lines they are."""
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(COLUMNS)
    lines = 0
    for row in rows:
        writer.writerow([harmless(row[name]) if name in (*TEXTS, "statement", "flaw") else plain(row[name]) for name in COLUMNS])
        lines += row["amount"] is not None
    return lines


def read(data: bytes) -> list[StatementData]:
    """The statements of the file, in its order. Raises Invalid `statement_unreadable` with row and column."""
    try:
        reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        rows = [(n, row) for n, row in enumerate(reader, start=2) if any(row.values())]
    except (csv.Error, UnicodeDecodeError) as error:
        raise unreadable(1, "", str(error)) from error
    found: dict[tuple[str, ...], list[tuple[int, dict[str, str]]]] = {}
    for n, row in rows:
        if None in row or None in row.values():
            raise unreadable(n, "", _("it has not as many cells as the header"))
        found.setdefault(tuple(row[name].strip() for name in HEAD), []).append((n, row))
    return [_statement(dict(zip(HEAD, key, strict=True)), group) for key, group in found.items()]


def unreadable(row: int, column: str, why: str) -> Invalid:
    """The refusal of a cell."""
    where = _("row %(row)s, column %(column)s") % {"row": row, "column": column} if column else _("row %(row)s") % {"row": row}
    return Invalid(f"{where}: {why}", code="statement_unreadable", row=row, column=column,
                   clears=_("Write the file anew by manage.py export_bank_statement."))  # fmt: skip


def _statement(head: Mapping[str, str], group: list[tuple[int, dict[str, str]]]) -> StatementData:
    n = group[0][0]
    lines, numbers = [], []
    for row_no, row in group:
        if not row["amount"].strip():
            continue
        texts = {name: _text(row_no, name, row[name]) for name in TEXTS}
        lines.append(NewBankLine(_day(row_no, "booking_date", row), _day(row_no, "value_date", row), _money(row_no, "amount", row), **texts))
        if not (row["line_no"].isascii() and row["line_no"].isdigit() and 0 < int(row["line_no"]) < 10**6):
            raise unreadable(row_no, "line_no", _("is not a number from 1"))
        numbers.append(int(row["line_no"]))
    opening, closing = (_money(n, name, head) if head[name] else None for name in ("opening", "closing"))
    day = _day(n, "statement_date", head) if head["statement"] else max((line.booking_date for line in lines), default=date.min)
    number = _text(n, "statement", head["statement"])
    return StatementData(head["account"], number, day, head["currency"], opening, closing, tuple(lines), tuple(numbers),
                         _text(n, "flaw", head["flaw"]))  # fmt: skip


def _text(row: int, column: str, raw: str) -> str:
    try:
        return text_of(raw, LONGEST[column])
    except CellError as error:
        raise unreadable(row, column, str(error)) from error


def _day(row: int, column: str, cells: Mapping[str, str]) -> date:
    try:
        return date.fromisoformat(cells[column].strip())
    except ValueError as error:
        raise unreadable(row, column, _("“%(text)s” is not a date") % {"text": cells[column][:20]}) from error


def _money(row: int, column: str, cells: Mapping[str, str]) -> Decimal:
    try:
        value = Decimal(cells[column].strip())
        if value.is_finite() and abs(value) < Decimal(10) ** 14:
            return value
    except InvalidOperation:
        pass
    raise unreadable(row, column, _("“%(text)s” is not an amount") % {"text": cells[column][:20]})
