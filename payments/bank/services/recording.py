"""Bring bank lines in, each once: keyed by finance, or read from the bank's statements."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.company.selectors import exponent
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Invalid
from payments.bank import adapters
from payments.bank.domain import NewBankLine, StatementData, numbered
from payments.bank.locks import lock_bank_account
from payments.bank.models import BankAccount, BankStatement
from payments.bank.selectors import account_named, continues_last, recorded_before

INSERT = """
INSERT INTO payments_bankline (account_id, statement_id, booking_date, value_date, amount, currency_id, text,
    counterparty, counterparty_account, reference, bank_reference, text_hash, occurrence_no, event_id)
SELECT %(account)s, %(statement)s, b, v, amount, %(currency)s, t, c, ca, r, br, h, n, %(event)s
FROM unnest(%(b)s::date[], %(v)s::date[], %(amount)s::numeric[], %(t)s::text[], %(c)s::text[], %(ca)s::text[],
            %(r)s::text[], %(br)s::text[], %(h)s::bytea[], %(n)s::int[]) AS l(b, v, amount, t, c, ca, r, br, h, n)
ON CONFLICT (account_id, value_date, amount, text_hash, occurrence_no) DO NOTHING RETURNING id
"""


def record(
    account: BankAccount, lines: Sequence[NewBankLine], numbers: Sequence[int], statement_id: int | None, event_id: int
) -> list[int]:
    """Part: record lines, each with its occurrence number; known ones are left alone. Returns the ids of the new ones."""
    with connection.cursor() as cursor:
        cursor.execute(INSERT, {
            "account": account.pk, "statement": statement_id, "currency": account.currency_id, "event": event_id,
            "b": [x.booking_date for x in lines], "v": [x.value_date for x in lines], "amount": [x.amount for x in lines],
            "t": [x.text for x in lines], "c": [x.counterparty for x in lines],
            "ca": [x.counterparty_account for x in lines], "r": [x.reference for x in lines],
            "br": [x.bank_reference for x in lines], "h": [x.text_hash() for x in lines], "n": list(numbers),
        })  # fmt: skip
        return [row[0] for row in cursor.fetchall()]


@use_case("payments.record_bank_line")
def record_bank_line(account_id: int, line: NewBankLine, *, by: Any, at: datetime | None = None) -> int:
    """Key one bank line by hand; returns its id. An equal line of the same day is another line only by its reference.

    Raises Invalid `bad_amount`, Conflict `bank_line_known`.
    """
    authorize(by, "payments.record_bank_line")
    account = lock_bank_account(account_id)
    check_amount(line.amount, account.currency_id)
    event = current().event("bank.line_recorded", [("bank_account", account.pk)], {"amount": line.amount})
    ids = record(account, [line], [1], None, event)
    if not ids:
        raise Conflict(_("This line is recorded already."), code="bank_line_known",
                       clears=_("If it came twice, add the bank's reference."))
    return ids[0]


def check_amount(amount: Decimal, currency: str) -> None:
    """Refuse 0, fractions below the currency's smallest unit, and what no column holds."""
    if not amount.is_finite() or amount == 0 or abs(amount) >= Decimal(10) ** 14:
        raise bad_amount(_("The amount must be a number other than 0."))
    if amount != round(amount, exponent(currency)):
        raise bad_amount(_("%(currency)s has no such fraction.") % {"currency": currency})


def bad_amount(message: str) -> Invalid:
    """The refusal of an amount, at its field."""
    return Invalid(message, code="bad_amount", errors=[{"field": "amount", "message": message}])


@dataclass
class Imported:
    """What a file brought: `new` and `known` lines, the statements recorded, and those whose sums do not add up."""

    new: int = 0
    known: int = 0
    statements: list[int] = field(default_factory=list)
    differences: list[tuple[str, Decimal]] = field(default_factory=list)


@use_case("payments.import_statement")
def import_statement(
    data: bytes, name: str, *, by: Any, account_id: int | None = None, at: datetime | None = None
) -> Imported:
    """Read a file (MT940, CAMT.053, CSV) and record its statements and lines, each once; the whole file or nothing.

    `account_id` says which of our accounts it is of when the file does not (CSV), or names it in the bank's own way.
    A statement whose lines do not lead from its opening to its closing balance is recorded with the difference.
    Raises Invalid `statement_unreadable`, `statement_too_large`, `unknown_account`, `statement_currency`.
    """
    authorize(by, "payments.import_statement")
    found = [(_account(statement, account_id), statement) for statement in adapters.read(data)]
    locked = {pk: lock_bank_account(pk) for pk in sorted({account.pk for account, _s in found})}
    sha = hashlib.sha256(data).digest()
    result = Imported()
    for account, statement in found:
        _take(locked[account.pk], statement, name[:200], sha, result)
    return result


def _account(statement: StatementData, account_id: int | None) -> BankAccount:
    account = account_named(statement.account) if account_id is None else BankAccount.objects.filter(pk=account_id).first()
    if account is None:
        raise Invalid(
            _("The statement is of the account %(name)s, which is none of ours.") % {"name": statement.account or "?"},
            code="unknown_account", clears=_("Choose the account, or set it up first."),
        )  # fmt: skip
    if statement.currency and statement.currency != account.currency_id:
        raise Invalid(
            _("%(account)s is in %(ours)s, the statement in %(theirs)s.")
            % {"account": account.name, "ours": account.currency_id, "theirs": statement.currency},
            code="statement_currency",
        )  # fmt: skip
    return account


def _take(account: BankAccount, data: StatementData, name: str, sha: bytes, result: Imported) -> None:
    """Record one statement, unless it is there: then all of its lines are too."""
    known = BankStatement.objects.filter(account=account, number=data.number, statement_date=data.statement_date)
    if known.exists():
        result.known += len(data.lines)
        return
    for line in data.lines:
        check_amount(line.amount, account.currency_id)
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('payments_bankstatement_id_seq')")
        statement_id = cursor.fetchone()[0]
    numbers = numbered(data.lines, recorded_before(account.pk, data.lines) if continues_last(account.pk, data) else None)
    event = current().event(
        "bank.statement_imported", [("bank_account", account.pk), ("bank_statement", statement_id)],
        {"statement": statement_id, "lines": len(data.lines), "difference": data.difference},
    )  # fmt: skip
    opening = data.opening or Decimal(0)
    closing = opening + sum((x.amount for x in data.lines), Decimal(0)) if data.closing is None else data.closing
    BankStatement(
        pk=statement_id, account=account, number=data.number[:40], opening=opening, closing=closing,
        statement_date=data.statement_date, difference=data.difference, file_name=name, file_sha256=sha, event_id=event,
    ).save(force_insert=True)  # fmt: skip
    new = record(account, data.lines, numbers, statement_id, event)
    result.new += len(new)
    result.known += len(data.lines) - len(new)
    result.statements.append(statement_id)
    if data.difference:
        result.differences.append((data.number, data.difference))
