"""MT940: statements between `:20:` tags, each with its own balances."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from mt940.models import Transactions
from stdnum import iban

from oms.kernel.errors import Invalid
from payments.bank.domain import NewBankLine, StatementData

OPENING = ("final_opening_balance", "intermediate_opening_balance")
CLOSING = ("final_closing_balance", "intermediate_closing_balance")
EMPTY = ("NONREF", "NOTPROVIDED", "EREF")
IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
IBAN_START = re.compile(r"[A-Z]{2}\d{2}")
NAME = re.compile(r"/NAME/([^/]+)")


def read(data: bytes) -> list[StatementData]:
    """Every message of a file. Raises Invalid `statement_unreadable`."""
    text = _text(data).replace("\r\n", "\n")
    messages = re.split(r"(?m)^(?=:20:)", text)[1:]
    return [_statement(message) for message in messages]


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _statement(message: str) -> StatementData:
    parsed = Transactions()
    try:
        parsed.parse(message)
        return _as_statement(parsed)
    except Exception as error:  # the parser raises whatever its patterns and dates raise
        raise Invalid("The MT940 file can't be read.", code="statement_unreadable", cause=str(error)[:200]) from error


def _as_statement(parsed: Any) -> StatementData:
    head = parsed.data
    opening = next(head[name] for name in OPENING if head.get(name))
    closing = next(head[name] for name in CLOSING if head.get(name))
    number = "/".join(str(head[part]) for part in ("statement_number", "sequence_number") if head.get(part))
    return StatementData(
        account=str(head["account_identification"]).strip(), number=number or str(head["transaction_reference"]),
        statement_date=_day(closing.date), currency=str(opening.amount.currency),
        opening=Decimal(opening.amount.amount), closing=Decimal(closing.amount.amount),
        lines=tuple(_line(row.data) for row in parsed if row.data.get("amount") is not None),
    )  # fmt: skip


def _line(row: Mapping[str, Any]) -> NewBankLine:
    details = _said(row.get("transaction_details")) or " ".join(
        filter(None, (_said(row.get(part)) for part in ("posting_text", "purpose", "end_to_end_reference", "deviate_applicant")))
    )
    name, account = _said(row.get("applicant_name")), ""
    if IBAN_START.match(name):
        account, name = _leading_iban(name)
    more = _said(row.get("extra_details"))
    if not account and IBAN.fullmatch(more):
        account = more
    if not name and (wrapped := NAME.search(_said(row.get("transaction_details")).replace("\n", ""))):
        name = wrapped.group(1).strip()
    return NewBankLine(
        booking_date=_day(row.get("entry_date") or row["date"]), value_date=_day(row["date"]), amount=Decimal(row["amount"].amount),
        text=" ".join(details.split()), counterparty=name[:200], counterparty_account=account[:40],
        reference=_reference(row.get("customer_reference")), bank_reference=_reference(row.get("bank_reference")),
    )  # fmt: skip


def _leading_iban(name: str) -> tuple[str, str]:
    """A name that begins with the account's IBAN (the fields 31 and 32 run together), as (account, name)."""
    for length in range(min(34, len(name)), 14, -1):
        if iban.is_valid(name[:length]):
            return iban.compact(name[:length]), name[length:].strip()
    digits = re.match(r"[A-Z]{2}\d{13,32}", name)
    return (digits.group(), name[digits.end() :].strip()) if digits else ("", name)


def _day(value: date) -> date:
    """A plain date of the parser's own kind."""
    return date(value.year, value.month, value.day)


def _said(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _reference(value: Any) -> str:
    text = _said(value)
    return "" if text in EMPTY else text[:140]
