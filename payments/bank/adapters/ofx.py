"""OFX 1 (SGML) and 2 (XML): bank statements of a download; a balance at the end, none at the beginning."""

from __future__ import annotations

import html
import re
from datetime import date
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _

from oms.kernel.errors import Invalid
from payments.bank.domain import NewBankLine, StatementData

STATEMENT = re.compile(r"<(STMTRS|CCSTMTRS)>(.*?)</\1>", re.S | re.I)
ROW = re.compile(r"<STMTTRN>(.*?)(?=<STMTTRN>|</STMTTRN>|</BANKTRANLIST>)", re.S | re.I)


def read(data: bytes) -> list[StatementData]:
    """Every bank statement of a file. Raises Invalid `statement_unreadable`."""
    text = _text(data)
    if not re.search(r"</OFX>\s*$", text.strip(), re.I):
        raise _unreadable(_("it is cut off: its end is missing"))
    try:
        return [_statement(body) for _name, body in STATEMENT.findall(text)]
    except (ValueError, InvalidOperation) as error:
        raise _unreadable(str(error)) from error


def _unreadable(cause: str) -> Invalid:
    return Invalid(_("The OFX file can't be read: %(cause)s.") % {"cause": cause[:200]}, code="statement_unreadable")


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _field(body: str, name: str) -> str:
    """The value of an element, whether it is closed (XML) or not (SGML)."""
    found = re.search(rf"<{name}>([^<\r\n]*)", body, re.I)
    return html.unescape(found.group(1).strip()) if found else ""


def _day(text: str) -> date:
    if not re.match(r"\d{8}", text):
        raise ValueError(_("“%(text)s” is not a date") % {"text": text[:20]})
    return date(int(text[:4]), int(text[4:6]), int(text[6:8]))


def _amount(text: str) -> Decimal:
    value = Decimal(text.replace(",", ".") if "." not in text else text.replace(",", ""))
    if not value.is_finite():
        raise ValueError(_("“%(text)s” is not an amount") % {"text": text[:20]})
    return value


def _statement(body: str) -> StatementData:
    lines = [line for row in ROW.findall(body) if (line := _line(row)).amount]
    ledger = re.search(r"<LEDGERBAL>(.*?)(</LEDGERBAL>|<AVAILBAL>|$)", body, re.S | re.I)
    closing = _amount(_field(ledger.group(1), "BALAMT")) if ledger and _field(ledger.group(1), "BALAMT") else None
    since, until = _field(body, "DTSTART")[:8], _field(body, "DTEND")[:8]
    day = _day(_field(ledger.group(1), "DTASOF") if ledger and _field(ledger.group(1), "DTASOF") else until)
    bank, account = _field(body, "BANKID"), _field(body, "ACCTID")
    return StatementData(
        account=f"{bank}/{account}" if bank else account, number=f"OFX {since}-{until} {len(lines)}"[:40], statement_date=day,
        currency=_field(body, "CURDEF").upper(), opening=None, closing=closing, lines=tuple(lines),
    )  # fmt: skip


def _line(row: str) -> NewBankLine:
    posted = _day(_field(row, "DTPOSTED"))
    value = _field(row, "DTAVAIL")
    said = [_field(row, "MEMO"), _field(row, "CHECKNUM")]
    return NewBankLine(
        booking_date=posted, value_date=_day(value) if value else posted, amount=_amount(_field(row, "TRNAMT")),
        text=" ".join(filter(None, said))[:4000], counterparty=(_field(row, "NAME") or _field(row, "PAYEE"))[:200],
        reference=_field(row, "REFNUM")[:140], bank_reference=_field(row, "FITID")[:140],
    )  # fmt: skip
