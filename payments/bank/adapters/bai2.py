"""BAI2: accounts (03) with balances and transactions (16) between header and trailers, whose control totals must agree."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from oms.kernel.errors import Invalid
from payments.bank.domain import NewBankLine, StatementData

NO_CENTS = frozenset({"JPY", "KRW", "CLP", "ISK", "XAF", "XOF"})
OPENING, CLOSING = "010", "015"
TRAILERS = ("49", "98", "99")


def read(data: bytes) -> list[StatementData]:
    """Every account of every group. Raises Invalid `statement_unreadable`, also for totals that do not agree."""
    try:
        return list(_statements(_records(data.decode("utf-8-sig", "replace"))))
    except (ValueError, IndexError) as error:
        raise _unreadable(str(error)) from error


def _unreadable(cause: str) -> Invalid:
    return Invalid(_("The BAI2 file can't be read: %(cause)s.") % {"cause": cause[:200]}, code="statement_unreadable")


def _records(text: str) -> list[list[str]]:
    """Records as lists of fields; continuations (88) joined to what they continue, the ending slash gone."""
    joined: list[str] = []
    for raw in text.replace("\r", "").split("\n"):
        line = raw.strip()
        if not line:
            continue
        if line.startswith("88,") and joined:
            joined[-1] = f"{joined[-1].removesuffix('/')},{line[3:]}" if joined[-1].endswith("/") else f"{joined[-1]} {line[3:]}"
        else:
            joined.append(line)
    if not joined or not joined[0].startswith("01,") or not joined[-1].startswith("99,"):
        raise ValueError(_("it is cut off: header or trailer is missing"))
    return [line.removesuffix("/").split(",") for line in joined]


def _statements(records: list[list[str]]) -> Iterator[StatementData]:
    rows: list[Any] = []
    day, currency, account = date.min, "", None
    for fields in records:
        kind = fields[0]
        if kind == "02":
            day, currency = datetime.strptime(fields[4].strip()[-6:], "%y%m%d").date(), (fields[6] if len(fields) > 6 else "").strip()
        elif kind == "03":
            account, rows = fields, []
        elif kind == "16" and account is not None:
            rows.append(fields)
        elif kind == "49" and account is not None:
            yield _account(account, rows, fields, day, currency)
            account = None


def _account(head: list[str], rows: list[list[str]], trailer: list[str], day: date, group: str) -> StatementData:
    currency = (head[2].strip() or group or "USD").upper()
    unit = Decimal(1) if currency in NO_CENTS else Decimal("0.01")
    balances, control, i = {}, 0, 3
    while i + 1 < len(head):
        code, amount = head[i].strip(), head[i + 1].strip()
        if code and amount:
            balances[code] = int(amount)
            control += int(amount)
        i += 4 + _funds(head[i + 3 :]) if i + 3 < len(head) else 4
    lines = []
    for n, fields in enumerate(rows, start=1):
        amount = int(fields[2])
        control += amount
        rest = fields[3 + 1 + _funds(fields[3:]) :]
        sign = 1 if 100 <= int(fields[1]) < 400 else -1
        lines.append(_line(sign * amount * unit, rest, day, f"{day:%y%m%d}-{n}"))
    if trailer[1].strip() and int(trailer[1]) != control:
        raise ValueError(_("account %(account)s adds up to %(ours)s, its trailer says %(theirs)s")
                         % {"account": head[1], "ours": control, "theirs": trailer[1]})
    balance = {code: value * unit for code, value in balances.items()}
    return StatementData(
        account=head[1].strip(), number=f"BAI {day:%Y%m%d}", statement_date=day, currency=currency, opening=balance.get(OPENING),
        closing=balance.get(CLOSING), lines=tuple(line for line in lines if line.amount),
    )  # fmt: skip


def _funds(fields: list[str]) -> int:
    """How many fields the funds type brings with it: S has three, V two, D its own count."""
    kind = fields[0].strip().upper() if fields else ""
    if kind == "D":
        return 1 + 2 * int(fields[1])
    return {"S": 3, "V": 2}.get(kind, 0)


def _line(amount: Decimal, rest: list[str], day: date, fallback: str) -> NewBankLine:
    bank, customer = ([*rest, "", ""])[:2]
    text = ",".join(rest[2:]).strip()
    return NewBankLine(
        booking_date=day, value_date=day, amount=amount, text=" ".join(text.split())[:4000], reference=customer.strip()[:140],
        bank_reference=(bank.strip() or fallback)[:140],
    )  # fmt: skip
