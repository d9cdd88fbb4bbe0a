"""Reads of the bank: its lines, statements and payments, and what waits for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import BooleanField, Case, Count, ExpressionWrapper, F, Q, QuerySet, Sum, When

from customers.parties.models import Customer
from customers.territory.selectors import customer_filter
from payments.bank.domain import (
    TEXTS,
    NewBankLine,
    StatementData,
)
from payments.bank.models import (
    WAITS,
    Application,
    BankAccount,
    BankLine,
    BankStatement,
    PaidOut,
    Payment,
)
from payments.billing.models import Invoice, ProForma, Refund
from payments.credit.models import AccountMember


def account_named(name: str) -> BankAccount | None:
    """Our account that a bank calls so: its IBAN, or the bank's own number at the end of exactly one IBAN.

    Of several that end so, the one that also holds the bank's code ("87052000/123456789").
    """
    plain = re.sub(r"[^A-Z0-9]", "", name.upper())
    found = [a for a in BankAccount.objects.order_by("pk") if plain and a.iban.replace(" ", "").upper() == plain]
    if not found:
        short = re.sub(r"\D", "", name.split("/")[-1]).lstrip("0")
        found = [a for a in BankAccount.objects.order_by("pk") if len(short) > 4 and a.iban.endswith(short)]
        bank = re.sub(r"[^A-Z0-9]", "", name.upper().split("/")[0])
        if len(found) > 1 and "/" in name and bank:
            found = [a for a in found if bank in a.iban.upper()]
    return found[0] if len(found) == 1 else None


def continues_last(account_id: int, data: StatementData) -> bool:
    """Whether a statement opens where the account's last one closed: then none of its lines was there before."""
    if data.opening is None or data.difference:
        return False
    last = BankStatement.objects.filter(account_id=account_id, statement_date__lte=data.statement_date)
    closing = last.order_by("-statement_date", "-pk").values_list("closing", flat=True).first()
    return closing == data.opening and data.opening != data.closing


def same_statement(known: BankStatement, data: StatementData) -> bool:
    """Whether a statement of a known number is the known one, as far as the bank says balances."""
    if data.opening is None or data.closing is None:
        return known.lines.count() >= len(data.lines) or not data.lines
    return (known.opening, known.closing) == (data.opening, data.closing)


GAPS = """
SELECT s.id, s.opening - before.closing AS gap FROM payments_bankstatement s CROSS JOIN LATERAL (
    SELECT closing FROM payments_bankstatement b
    WHERE b.account_id = s.account_id AND b.balances AND (b.statement_date, b.id) < (s.statement_date, s.id)
    ORDER BY b.statement_date DESC, b.id DESC LIMIT 1
) before
WHERE s.balances AND s.opening <> before.closing AND NOT EXISTS (
    SELECT 1 FROM payments_bankstatement o WHERE o.account_id = s.account_id AND o.balances AND o.id <> s.id
      AND o.statement_date <= s.statement_date AND o.closing = s.opening
) {also}
"""


def gaps(statement_ids: Sequence[int]) -> dict[int, Decimal]:
    """{statement: opening − closing before}: those that do not begin where any earlier statement ended; order of arrival
    does not count."""
    with connection.cursor() as cursor:
        cursor.execute(GAPS.format(also="AND s.id = ANY(%s)"), [list(statement_ids)])
        return dict(cursor.fetchall())


def quarantined(statement_ids: Sequence[int]) -> dict[int, Decimal]:
    """{statement: what is missing}: those that do not add up, contradict themselves (0) or do not follow on, and that
    finance did not release."""
    found = gaps(statement_ids)
    rows = BankStatement.objects.filter(pk__in=statement_ids).exclude(difference=0, flaw="")
    found |= dict(rows.values_list("pk", "difference"))
    released = set(BankStatement.objects.filter(pk__in=list(found), release__isnull=False).values_list("pk", flat=True))
    return {pk: amount for pk, amount in found.items() if pk not in released}


# What of a payment is on account.
LEFT = F("amount") - F("applied") - F("refunded") - F("tagged")

Known = Mapping[tuple[tuple[date, Decimal, bytes], int], bool]


def known_lines(account_id: int, lines: Sequence[NewBankLine]) -> Known:
    """The recorded lines of the days of these, as {(key, occurrence number): whether a statement brought it}."""
    if not lines:
        return {}
    days = [x.value_date for x in lines]
    rows = BankLine.objects.filter(account_id=account_id, value_date__range=(min(days), max(days)))
    values = rows.values_list("value_date", "amount", "text_hash", "occurrence_no", "statement_id")
    return {((day, amount, bytes(told)), n): statement is not None for day, amount, told, n, statement in values.iterator()}


def occurrences(lines: Iterable[tuple[int, NewBankLine]]) -> dict[tuple[int, date, Decimal, bytes], int]:
    """How many equal lines (our account, key) are recorded, by the highest occurrence number."""
    asked = list(lines)
    rows = BankLine.objects.filter(account_id__in={a for a, _line in asked}, text_hash__in={line.text_hash for _a, line in asked})
    found: dict[tuple[int, date, Decimal, bytes], int] = {}
    for account, day, amount, text_hash, n in rows.values_list("account_id", "value_date", "amount", "text_hash", "occurrence_no"):
        key = (account, day, amount, bytes(text_hash))
        found[key] = max(found.get(key, 0), n)
    return found


@dataclass(frozen=True)
class Tagged:
    """What of a payment waits for an order by a pro forma (`left`), and what that order's invoices took of it (`used`)."""

    payment_id: int
    pro_forma_id: int
    order_id: int
    left: Decimal
    used: Decimal


TAGGED = """
SELECT d.payment_id, d.pro_forma_id, d.order_id, sum(d.amount), coalesce(-sum(d.amount) FILTER (WHERE d.used), 0)
FROM payments_deposit d JOIN payments_payment p ON p.id = d.payment_id
WHERE d.order_id = %(order)s OR d.payment_id = ANY(%(payments)s)
GROUP BY d.payment_id, d.pro_forma_id, d.order_id, p.value_date ORDER BY p.value_date, d.payment_id, d.pro_forma_id
"""


def tagged_of(order_id: int = 0, payment_ids: Iterable[int] = ()) -> list[Tagged]:
    """What was ever tagged to an order, or of payments, the oldest money first."""
    with connection.cursor() as cursor:
        cursor.execute(TAGGED, {"order": order_id, "payments": list(payment_ids)})
        return [Tagged(*row) for row in cursor.fetchall()]


def open_lines() -> QuerySet[BankLine]:
    """Incoming lines that no payment explains wholly, the oldest first."""
    return (
        BankLine.objects.filter(amount__gt=F("matched")).filter(amount__gt=0)
        .select_related("account").annotate(left=F("amount") - F("matched")).order_by("value_date", "pk")
    )  # fmt: skip


def lines_holding(currency: str, amount: Decimal, limit: int = 20) -> list[BankLine]:
    """Open lines with at least that much left, those that fit best first."""
    rows = open_lines().filter(currency_id=currency, amount__gte=F("matched") + amount)
    return list(rows.order_by(F("amount") - F("matched"), "-value_date")[:limit])


def line_rows() -> QuerySet[BankLine]:
    """Every line with what is `left` of it: those to match first and the oldest of them on top, then the latest."""
    waits = ExpressionWrapper(WAITS, output_field=BooleanField())
    return (
        BankLine.objects.select_related("account")
        .annotate(waits=waits, left=Case(When(waits=True, then=F("amount") - F("matched"))))
        .order_by("-waits", Case(When(waits=True, then=F("value_date"))), Case(When(waits=True, then=F("pk"))), "-value_date", "-pk")
    )  # fmt: skip


def queue_around(line: BankLine, before: int = 6, after: int = 18) -> list[BankLine]:
    """The open lines around one, in the order they are worked through, with the line itself."""
    earlier = Q(value_date__lt=line.value_date) | Q(value_date=line.value_date, pk__lt=line.pk)
    rows = open_lines().exclude(pk=line.pk)
    first = list(rows.filter(earlier).order_by("-value_date", "-pk")[:before])
    return [*reversed(first), line, *rows.exclude(earlier)[:after]]


def next_line(after: BankLine) -> int | None:
    """The open line after this one, else the first open one; None when all is matched."""
    rows = open_lines().exclude(pk=after.pk)
    later = rows.filter(Q(value_date__gt=after.value_date) | Q(value_date=after.value_date, pk__gt=after.pk))
    return later.values_list("pk", flat=True).first() or rows.values_list("pk", flat=True).first()


WAITING_REFUNDS = """
SELECT r.id FROM payments_refund r JOIN customers_customer c ON c.id = r.customer_id
WHERE r.currency_id = %(currency)s AND r.amount <= %(amount)s
  AND NOT EXISTS (SELECT 1 FROM payments_paidout o WHERE o.refund_id = r.id AND NOT o.undone)
ORDER BY (position(r.number IN upper(%(words)s)) > 0) DESC, (r.amount = %(amount)s) DESC,
         (position(upper(c.name) IN upper(%(words)s)) > 0) DESC, r.refund_date, r.id
LIMIT %(limit)s
"""


def refunds_for(line: BankLine, limit: int = 20) -> list[Refund]:
    """Refunds that may have left with a line of money out: named on it, of its amount, to who is named; then the oldest."""
    if line.amount >= 0 or not line.unmatched:
        return []
    said = f"{line.text} {line.reference} {line.bank_reference} {line.counterparty}"
    with connection.cursor() as cursor:
        cursor.execute(WAITING_REFUNDS, {"currency": line.currency_id, "amount": line.unmatched, "words": said, "limit": limit})
        ids = [row[0] for row in cursor.fetchall()]
    found = Refund.objects.select_related("customer", "credit_note").in_bulk(ids)
    return [found[i] for i in ids]


def lines_for(refund: Refund, limit: int = 10) -> list[BankLine]:
    """Lines of money out with which a refund may have left: of its amount first, then the latest."""
    rows = BankLine.objects.filter(currency_id=refund.currency_id, amount__lte=-F("matched") - refund.amount)
    exact = Case(When(amount=-F("matched") - refund.amount, then=0), default=1)
    return list(rows.select_related("account").order_by(exact, "-value_date", "-pk")[:limit])


def visible_refunds(user: Any) -> QuerySet[Refund]:
    """The refunds of customers `user` may see."""
    return Refund.objects.filter(customer_filter(user, "customer")).select_related("customer", "credit_note")


def paid_out_by(line: BankLine) -> list[PaidOut]:
    """The refunds that left with a line."""
    return list(line.paid_out.filter(undone=False).select_related("refund__customer").order_by("pk")) if line.amount < 0 else []


def payable(numbers: Iterable[str]) -> dict[str, int]:
    """{number: id} of invoices and, negative, of pro formas."""
    asked = list(numbers)
    found = dict(Invoice.objects.filter(number__in=asked).values_list("number", "pk"))
    return found | {number: -pk for number, pk in ProForma.objects.filter(number__in=asked).values_list("number", "pk")}


def payers_like(q: str, limit: int = 12) -> list[Customer]:
    """Customers with a credit account whose code or name is like `q`, or who owe the invoice of that number."""
    word = q.replace("\x00", "")
    named = Q(code__istartswith=word) | Q(name__icontains=word)
    owing = Invoice.objects.filter(number__istartswith=word).values("customer_id")[:limit]
    rows = Customer.objects.filter(named | Q(pk__in=owing), credit_membership__isnull=False)
    return list(rows.order_by("name")[:limit])


def payer(code: str) -> Customer | None:
    """The customer of a code who has a credit account."""
    found = Customer.objects.filter(code=code, credit_membership__isnull=False)
    return found.select_related("credit_membership").first() if code and "\x00" not in code else None


def visible_payments(user: Any) -> QuerySet[Payment]:
    """The payments of customers `user` may see: the row filter of every payment page."""
    rows = Payment.objects.filter(customer_filter(user, "customer"))
    return rows.select_related("customer", "bank_line__account").annotate(left=LEFT)


def standing_of(payment: Payment) -> list[Application]:
    """What was applied of a payment and undone, in order, with its invoice."""
    return list(payment.applications.select_related("invoice").order_by("pk"))


def paid_ahead(payment: Payment) -> list[tuple[ProForma, Tagged]]:
    """The pro formas a payment was tagged to and what of it waits or was used; one statement more when there are any."""
    rows = [x for x in tagged_of(payment_ids=[payment.pk]) if x.left or x.used]
    found = ProForma.objects.in_bulk([x.pro_forma_id for x in rows]) if rows else {}
    return [(found[x.pro_forma_id], x) for x in rows]


def payments_of(line: BankLine) -> list[Payment]:
    """The payments that stand on a line, oldest first, with customer."""
    return list(line.payments.select_related("customer").order_by("pk"))


def applications_of(invoice: Invoice) -> list[Application]:
    """What was applied to an invoice and undone, in order, with payment."""
    return list(invoice.applications.select_related("payment__customer", "event").order_by("pk"))


def unapplied_payments(account_id: int) -> QuerySet[Payment]:
    """Payments of an account with money left over, oldest first."""
    return (
        Payment.objects.filter(account_id=account_id, applied__lt=F("amount") - F("refunded") - F("tagged"))
        .exclude(clearing__in=Payment.GONE).annotate(left=LEFT).order_by("value_date", "pk")
    )  # fmt: skip


def progress(lines: QuerySet[BankLine]) -> dict[str, Any]:
    """How far the incoming ones of `lines` are matched: lines, done ones, the amount that is rest."""
    return lines.filter(amount__gt=0).aggregate(
        lines=Count("pk"), done=Count("pk", filter=Q(amount=F("matched"))),
        rest=Sum(F("amount") - F("matched"), default=Decimal(0)),
    )  # fmt: skip


def exported_lines(account_id: int | None = None) -> Iterator[dict[str, Any]]:
    """Every statement with its lines, then the lines keyed by hand, as `adapters.exported` writes them; of one account or all."""
    of = {} if account_id is None else {"account_id": account_id}
    for statement in BankStatement.objects.filter(**of).select_related("account").order_by("account_id", "statement_date", "pk"):
        told = statement.balances
        head = {"account": statement.account.iban, "statement": statement.number, "statement_date": statement.statement_date,
                "opening": statement.opening if told else None, "closing": statement.closing if told else None,
                "currency": statement.account.currency_id, "flaw": statement.flaw}  # fmt: skip
        lines = [_exported(head, line) for line in statement.lines.order_by("pk").iterator(chunk_size=2_000)]
        yield from lines or [{**head, **dict.fromkeys(("booking_date", "value_date", "amount", "line_no")), **dict.fromkeys(TEXTS, "")}]
    keyed = BankLine.objects.filter(statement=None, **of).select_related("account").order_by("account_id", "pk")
    for line in keyed.iterator(chunk_size=2_000):
        head = {"account": line.account.iban, "statement": "", "statement_date": None, "opening": None, "closing": None, "currency": line.currency_id, "flaw": ""}
        yield _exported(head, line)


def _exported(head: Mapping[str, Any], line: BankLine) -> dict[str, Any]:
    return {**head, "booking_date": line.booking_date, "value_date": line.value_date, "amount": line.amount, "line_no": line.occurrence_no,
            **{name: getattr(line, name) for name in TEXTS}}  # fmt: skip


def batch_of(line: BankLine) -> QuerySet[BankLine]:
    """The lines that came with this one: its statement's, or those keyed by hand for the same account and day."""
    if line.statement_id is not None:
        return BankLine.objects.filter(statement_id=line.statement_id)
    return BankLine.objects.filter(statement=None, account_id=line.account_id, booking_date=line.booking_date)


def statements() -> QuerySet[BankStatement]:
    """Statements with their line counts and what is left to match, newest first."""
    money_in = Q(lines__amount__gt=0)
    return (
        BankStatement.objects.select_related("account")
        .annotate(
            incoming=Count("lines", filter=money_in),
            matched_lines=Count("lines", filter=money_in & Q(lines__amount=F("lines__matched"))),
            left=Sum(F("lines__amount") - F("lines__matched"), filter=money_in, default=Decimal(0)),
        )
        .order_by("-statement_date", "-pk")
    )


def payer_of(account_id: int) -> int | None:
    """Any customer of a credit account, for a payment of the account."""
    return AccountMember.objects.filter(account_id=account_id).values_list("customer_id", flat=True).first()
