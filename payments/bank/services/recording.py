"""Bring bank lines in, each once: keyed by finance, or read from the bank's statements."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.company.selectors import exponent
from oms.events.services import current, new_ids, use_case
from oms.kernel.errors import Conflict, Invalid, NotFound, OMSError
from payments.bank import adapters
from payments.bank.domain import NewBankLine, StatementData, numbered
from payments.bank.locks import lock_bank_account
from payments.bank.models import BankAccount, BankLine, BankStatement, StatementRelease
from payments.bank.selectors import (
    Known,
    account_named,
    continues_last,
    known_lines,
    quarantined,
    same_statement,
    uncollected,
)

COPY = """
COPY payments_bankline (account_id, statement_id, booking_date, value_date, amount, currency_id, text, counterparty,
    counterparty_account, reference, bank_reference, text_hash, occurrence_no, event_id) FROM STDIN
"""


def record(
    account: BankAccount, lines: Sequence[NewBankLine], numbers: Sequence[int], statement_id: int | None, event_id: int, known: Known
) -> int:
    """Part: record lines of a locked account, each with its occurrence number, but for the `known` ones; how many are new."""
    new = [(x, n) for x, n in zip(lines, numbers, strict=True) if (x.key, n) not in known]
    with connection.cursor() as cursor, cursor.copy(COPY) as copy:
        for x, n in new:
            copy.write_row((account.pk, statement_id, x.booking_date, x.value_date, x.amount, account.currency_id, x.text, x.counterparty,
                            x.counterparty_account, x.reference, x.bank_reference, x.text_hash, n, event_id))  # fmt: skip
    return len(new)


@use_case("payments.record_bank_line")
def record_bank_line(account_id: int, line: NewBankLine, *, by: Any, at: datetime | None = None) -> int:
    """Key one bank line by hand; returns its id. An equal line of the same day is another line only by its reference.

    Raises Invalid `bad_amount`, Conflict `bank_line_known`.
    """
    authorize(by, "payments.record_bank_line")
    account = lock_bank_account(account_id)
    check_amount(line.amount, account.currency_id)
    event = current().event("bank.line_recorded", [("bank_account", account.pk)], {"amount": line.amount})
    if not record(account, [line], [1], None, event, known_lines(account.pk, [line])):
        raise Conflict(_("This line is recorded already."), code="bank_line_known",
                       clears=_("If it came twice, add the bank's reference."))
    rows = BankLine.objects.filter(account_id=account.pk, value_date=line.value_date, amount=line.amount, text_hash=line.text_hash, occurrence_no=1)
    return rows.values_list("pk", flat=True).get()


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
    """What a file brought: `new` and `known` lines, the statements recorded, those whose sums do not add up (number,
    difference) or that contradict themselves otherwise (number, how), and (only where good ones are taken without them)
    those refused, each with its reason and how many lines it has."""

    new: int = 0
    known: int = 0
    statements: list[int] = field(default_factory=list)
    differences: list[tuple[str, Decimal]] = field(default_factory=list)
    flaws: list[tuple[str, str]] = field(default_factory=list)
    refused: list[tuple[str, OMSError, int]] = field(default_factory=list)

    @property
    def rejected(self) -> int:
        """Lines of statements that were left out."""
        return sum(lines for _number, _error, lines in self.refused)


@use_case("payments.import_statement")
@uncollected()
def import_statement(
    data: bytes, name: str, *, by: Any, account_id: int | None = None, fmt: str = "", partial: bool = False, at: datetime | None = None
) -> Imported:
    """Read a file (MT940, CAMT.053, CSV) and record its statements and lines, each once; the whole file or nothing.

    `partial` takes the good statements and leaves those that are refused.

    `account_id` says which of our accounts it is of when the file does not (CSV), or names it in the bank's own way;
    `fmt` is one of `adapters.FORMATS`, "" for what the file looks like.
    A statement whose lines do not lead from its opening to its closing balance is recorded with the difference.
    Raises Invalid `statement_unreadable`, `statement_too_large`, `unknown_account`, `other_account`, `statement_currency`.
    """
    authorize(by, "payments.import_statement")
    result, found = Imported(), []
    for statement in adapters.read(data, fmt):
        with _or_left(result, statement, partial):
            found.append((_account(statement, account_id), statement))
    locked = {pk: lock_bank_account(pk) for pk in sorted({account.pk for account, _s in found})}
    sha = hashlib.sha256(data).digest()
    for account, statement in found:
        with _or_left(result, statement, partial):  # what refuses a statement does so before anything of it is written
            _take(locked[account.pk], statement, name[:200], sha, result)
    return result


@contextmanager
def _or_left(result: Imported, statement: StatementData, partial: bool) -> Iterator[None]:
    try:
        yield
    except OMSError as error:
        if not partial:
            raise
        result.refused.append((statement.number, error, len(statement.lines)))


def try_statement(data: bytes, name: str, *, by: Any, account_id: int | None = None, fmt: str = "", partial: bool = False) -> Imported:
    """What `import_statement` would do with the file; nothing is kept. Raises what it raises."""
    with transaction.atomic():
        result = import_statement(data, name, by=by, account_id=account_id, fmt=fmt, partial=partial)
        transaction.set_rollback(True)
    return result


def _account(statement: StatementData, account_id: int | None) -> BankAccount:
    named = account_named(statement.account)
    account = named if account_id is None else BankAccount.objects.filter(pk=account_id).first()
    if account is not None and named is not None and named != account:
        raise Invalid(
            _("The statement is of %(theirs)s, not of %(ours)s.") % {"theirs": named.name, "ours": account.name},
            code="other_account", clears=_("Leave the account open: the file names it."),
        )  # fmt: skip
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


def free_number(account_id: int, data: StatementData) -> str:
    """The number of another statement that bears a known number (banks that number all with 0), told by its balances.

    Raises Conflict `statement_differs` for a numbered one: the bank changed a statement that is booked.
    """
    if re.sub(r"[0/\s]", "", data.number) and not data.number.startswith(("OFX", "BAI")):
        raise Conflict(
            _("Statement %(number)s of %(day)s is known with other balances.") % {"number": data.number, "day": data.statement_date},
            code="statement_differs", clears=_("Ask the bank which of the two holds; nothing of the file was recorded."),
        )  # fmt: skip
    told = hashlib.sha256(repr([(x.key[0], x.key[1], x.key[2].hex()) for x in data.lines] + [data.opening, data.closing]).encode()).hexdigest()
    return f"{data.number[:31]}~{told[:8]}"


@use_case("payments.release_statement")
def release_statement(statement_id: int, reason: str, *, by: Any, at: datetime | None = None) -> StatementRelease:
    """A quarantined statement stands as it is, with a reason; the rule may post its lines.

    Raises Conflict `not_quarantined`, Invalid `reason_missing`, NotFound.
    """
    authorize(by, "payments.release_statement")
    if not reason.strip():
        raise Invalid(_("Say why."), code="reason_missing", errors=[{"field": "reason", "message": _("Say why.")}])
    statement = BankStatement.objects.filter(pk=statement_id).first()
    if statement is None:
        raise NotFound(_("There is no such statement."), code="statement_missing")
    lock_bank_account(statement.account_id)
    if statement_id not in quarantined([statement_id]):
        raise Conflict(_("The statement is not quarantined."), code="not_quarantined")
    event = current().event("bank.statement_released", [("bank_account", statement.account_id), ("bank_statement", statement_id)],
                            {"statement": statement_id, "difference": statement.difference}, note=reason)
    return StatementRelease.objects.create(statement=statement, reason=reason, event_id=event)


def _take(account: BankAccount, data: StatementData, name: str, sha: bytes, result: Imported) -> None:
    """Record one statement, unless it is there: then all of its lines are too."""
    if data.numbers and not data.number:
        _keyed(account, data, result)
        return
    data = replace(data, number=data.number[:40])
    rows = BankStatement.objects.filter(account=account, number=data.number, statement_date=data.statement_date)
    if (booked := rows.first()) is not None:
        if same_statement(booked, data):
            result.known += len(data.lines)
            return
        data = replace(data, number=free_number(account.pk, data))
    for line in data.lines:
        check_amount(line.amount, account.currency_id)
    (statement_id,) = new_ids("payments_bankstatement")
    known = known_lines(account.pk, data.lines)
    before = Counter(key for (key, _n), by_statement in known.items() if by_statement) if continues_last(account.pk, data) else None
    numbers = data.numbers or numbered(data.lines, before)
    event = current().event(
        "bank.statement_imported", [("bank_account", account.pk), ("bank_statement", statement_id)],
        {"statement": statement_id, "lines": len(data.lines), "difference": data.difference},
    )  # fmt: skip
    moved = sum((x.amount for x in data.lines), Decimal(0))
    opening = data.opening if data.opening is not None else data.closing - moved if data.closing is not None else Decimal(0)
    closing = opening + moved if data.closing is None else data.closing
    BankStatement(
        pk=statement_id, account=account, number=data.number, balances=data.opening is not None and data.closing is not None, opening=opening, closing=closing,
        statement_date=data.statement_date, difference=data.difference, flaw=data.flaw[:200], file_name=name, file_sha256=sha, event_id=event,
    ).save(force_insert=True)  # fmt: skip
    new = record(account, data.lines, numbers, statement_id, event, known)
    result.new += new
    result.known += len(data.lines) - new
    result.statements.append(statement_id)
    if data.difference:
        result.differences.append((data.number, data.difference))
    if data.flaw:
        result.flaws.append((data.number, data.flaw))


def _keyed(account: BankAccount, data: StatementData, result: Imported) -> None:
    """Record lines that were keyed by hand where they come from."""
    for line in data.lines:
        check_amount(line.amount, account.currency_id)
    event = current().event("bank.lines_recorded", [("bank_account", account.pk)], {"lines": len(data.lines)})
    new = record(account, data.lines, data.numbers, None, event, known_lines(account.pk, data.lines))
    if not new:
        current().withdraw(event)
    result.new += new
    result.known += len(data.lines) - new
