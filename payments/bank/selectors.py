"""Reads of the bank: lines to match, proposals for them, statements and how far they are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum

from payments.bank.domain import LineView, NewBankLine, OpenInvoice, Proposal, StatementData, match
from payments.bank.models import Application, BankAccount, BankLine, BankStatement, Payment
from payments.billing.models import Invoice
from payments.billing.selectors import OPEN
from payments.credit.models import AccountMember


def account_named(name: str) -> BankAccount | None:
    """Our account that a bank calls so: its IBAN, or the bank's own number at the end of exactly one IBAN."""
    plain = re.sub(r"[^A-Z0-9]", "", name.upper())
    found = [a for a in BankAccount.objects.order_by("pk") if plain and a.iban.replace(" ", "").upper() == plain]
    if not found:
        short = re.sub(r"\D", "", name.split("/")[-1]).lstrip("0")
        found = [a for a in BankAccount.objects.order_by("pk") if len(short) > 4 and a.iban.endswith(short)]
    return found[0] if len(found) == 1 else None


def continues_last(account_id: int, data: StatementData) -> bool:
    """Whether a statement opens where the account's last one closed: then none of its lines was there before."""
    if data.opening is None or data.difference:
        return False
    last = BankStatement.objects.filter(account_id=account_id, statement_date__lte=data.statement_date)
    closing = last.order_by("-statement_date", "-pk").values_list("closing", flat=True).first()
    return closing == data.opening and data.opening != data.closing


def recorded_before(account_id: int, lines: Iterable[NewBankLine]) -> Counter[tuple[date, Decimal, bytes]]:
    """How many equal lines earlier statements brought, by the lines' key."""
    hashes = {line.text_hash() for line in lines}
    rows = BankLine.objects.filter(account_id=account_id, text_hash__in=hashes, statement__isnull=False)
    return Counter((day, amount, bytes(h)) for day, amount, h in rows.values_list("value_date", "amount", "text_hash"))


def open_lines() -> QuerySet[BankLine]:
    """Incoming lines that no payment explains wholly, the oldest first."""
    return (
        BankLine.objects.filter(amount__gt=F("matched")).filter(amount__gt=0)
        .select_related("account").annotate(left=F("amount") - F("matched")).order_by("value_date", "pk")
    )  # fmt: skip


def next_line(after: BankLine) -> int | None:
    """The open line after this one, else the first open one; None when all is matched."""
    rows = open_lines().exclude(pk=after.pk)
    later = rows.filter(Q(value_date__gt=after.value_date) | Q(value_date=after.value_date, pk__gt=after.pk))
    return later.values_list("pk", flat=True).first() or rows.values_list("pk", flat=True).first()


def open_items(currency: str) -> list[OpenInvoice]:
    """Every open invoice of a currency, as matching sees it; one statement."""
    rows = Invoice.objects.filter(currency_id=currency, total__gt=F("applied") + F("credited")).annotate(left=OPEN)
    return [
        OpenInvoice(*row)
        for row in rows.values_list(
            "pk", "number", "order_number", "customer_po", "account_id", "customer_id", "customer__name", "due_date", "left"
        )
    ]


def senders(accounts: Iterable[str]) -> dict[str, int]:
    """Counterparty account → the customer whose money came from it last."""
    rows = (
        Payment.objects.filter(bank_line__counterparty_account__in=set(accounts) - {""})
        .exclude(clearing=Payment.Clearing.REVERSED)
        .order_by("pk")
        .values_list("bank_line__counterparty_account", "customer_id")
    )
    return dict(rows)


def propose(lines: Sequence[BankLine]) -> dict[int, list[Proposal]]:
    """Proposals for lines with something unmatched, best first; two statements a currency, one for senders."""
    known = senders(line.counterparty_account for line in lines)
    found: dict[int, list[Proposal]] = {}
    for currency in sorted({line.currency_id for line in lines}):
        views = [
            LineView(x.pk, x.unmatched, x.value_date, f"{x.text} {x.reference}", x.counterparty, x.counterparty_account)
            for x in lines
            if x.currency_id == currency and x.amount > 0 and x.unmatched
        ]
        found |= match(views, open_items(currency), known)
    return found


def payments_of(line: BankLine) -> list[Payment]:
    """The payments that stand on a line, oldest first, with customer."""
    return list(line.payments.select_related("customer").order_by("pk"))


def applications_of(invoice: Invoice) -> list[Application]:
    """What was applied to an invoice and undone, in order, with payment."""
    return list(invoice.applications.select_related("payment__customer", "event").order_by("pk"))


def unapplied_payments(account_id: int) -> QuerySet[Payment]:
    """Payments of an account with money left over, oldest first."""
    return (
        Payment.objects.filter(account_id=account_id, applied__lt=F("amount"))
        .exclude(clearing=Payment.Clearing.REVERSED)
        .annotate(left=F("amount") - F("applied")).order_by("value_date", "pk")
    )  # fmt: skip


def progress(statement: BankStatement) -> dict[str, Any]:
    """How far the incoming lines of a statement are matched: lines, matched lines, amount left."""
    return statement.lines.filter(amount__gt=0).aggregate(
        lines=Count("pk"), matched=Count("pk", filter=Q(amount=F("matched"))), left=Sum(F("amount") - F("matched"))
    )


def statements(limit: int) -> list[BankStatement]:
    """The last statements with their line counts, newest first."""
    rows = BankStatement.objects.select_related("account").annotate(
        incoming=Count("lines", filter=Q(lines__amount__gt=0)),
        matched_lines=Count("lines", filter=Q(lines__amount__gt=0, lines__amount=F("lines__matched"))),
    )
    return list(rows.order_by("-statement_date", "-pk")[:limit])


def payer_of(account_id: int) -> int | None:
    """Any customer of a credit account, for a payment of the account."""
    return AccountMember.objects.filter(account_id=account_id).values_list("customer_id", flat=True).first()
