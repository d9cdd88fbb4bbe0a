"""Reads of months: what was posted, what the documents say, what is owed at the last day, what is closed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db import connection
from django.db.models import QuerySet
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from oms.kernel.errors import Conflict
from payments.billing.models import ClosedMonth
from payments.billing.selectors.documents import AGEING


def first_of(day: date) -> date:
    """The first day of a day's month."""
    return day.replace(day=1)


def last_of(month: date) -> date:
    """The last day of a month."""
    return first_of(month.replace(day=28) + timedelta(days=4)) - timedelta(days=1)


def open_day(day: date) -> date:
    """The day itself, or the first open day when its month is closed: what comes late is posted then.

    From here to the end of the transaction no month can be closed. The running month never is: no question then.
    """
    if day >= first_of(localdate()):
        return day
    first = first_open_day()
    return day if first is None or day >= first else first


def first_open_day() -> date | None:
    """The day after the last closed month; None while none is closed. Holds closing off until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT payments_first_open_day()")
        return cursor.fetchone()[0]


def refuse_closed(days: Iterable[date]) -> None:
    """Raise Conflict `month_closed` when one of the days lies in a closed month: what names its own day is not moved."""
    first, earliest = first_open_day(), min(days, default=date.max)
    if first is not None and earliest < first:
        raise Conflict(_("%(month)s is closed.") % {"month": f"{earliest:%Y-%m}"}, code="month_closed", day=str(earliest),
                       clears=_("Two persons of finance open the month again."))  # fmt: skip


def closed_months() -> QuerySet[ClosedMonth]:
    """Every closing, the latest month first."""
    return ClosedMonth.objects.select_related("closed_by", "reopened_by").order_by("-month", "-pk")


def standing_close(month: date) -> ClosedMonth | None:
    """The closing of a month that stands."""
    return closed_months().filter(month=month, reopened_at=None).first()


def last_closed() -> date | None:
    """The latest month that stands closed."""
    return ClosedMonth.objects.filter(reopened_at=None).order_by("-month").values_list("month", flat=True).first()


@dataclass(frozen=True)
class Rolled:
    """One currency's month: what was owed before, what was posted by kind (number, sum), what was owed at the last day."""

    currency: str
    opening: Decimal
    kinds: dict[str, tuple[int, Decimal]]

    @property
    def closing(self) -> Decimal:
        return self.opening + sum((amount for _n, amount in self.kinds.values()), Decimal(0))


ROLLED = """
SELECT a.currency_id, CASE WHEN e.posted_date >= %(first)s THEN e.kind ELSE '' END AS kind, count(*), sum(e.amount)
FROM payments_receivableentry e JOIN payments_creditaccount a ON a.id = e.account_id WHERE e.posted_date <= %(last)s GROUP BY 1, 2 ORDER BY 1, 2
"""


def rolled(month: date) -> list[Rolled]:
    """How what is owed came from the month's first to its last day, by currency; one statement over the ledger."""
    with connection.cursor() as cursor:
        cursor.execute(ROLLED, {"first": month, "last": last_of(month)})
        rows = cursor.fetchall()
    found: dict[str, Rolled] = {}
    for currency, kind, n, amount in rows:
        x = found.get(currency, Rolled(currency, Decimal(0), {}))
        found[currency] = Rolled(currency, amount, x.kinds) if not kind else Rolled(currency, x.opening, {**x.kinds, kind: (n, amount)})
    return list(found.values())


@dataclass(frozen=True)
class Compared:
    """A kind of document in a month and currency: what the documents come to, and what the ledger says of them."""

    kind: str
    currency: str
    documents: int
    document_sum: Decimal
    entries: int
    entry_sum: Decimal

    @property
    def difference(self) -> Decimal:
        return self.document_sum - self.entry_sum


# Each document on its own day against the ledger's entries of the month; a payment without an entry counts by its value date.
COMPARED = """
WITH documents(kind, currency, amount) AS (
    SELECT 'invoice', currency_id, total FROM payments_invoice WHERE invoice_date BETWEEN %(first)s AND %(last)s
    UNION ALL
    SELECT CASE kind WHEN 'cash_discount' THEN 'discount' WHEN 'write_off' THEN 'write_off' ELSE 'credit' END, currency_id, -total
    FROM payments_creditnote WHERE credit_date BETWEEN %(first)s AND %(last)s
    UNION ALL SELECT 'refund', currency_id, amount FROM payments_refund WHERE refund_date BETWEEN %(first)s AND %(last)s
    UNION ALL
    SELECT 'payment', p.currency_id, -p.amount FROM payments_payment p
    LEFT JOIN payments_receivableentry e ON e.kind = 'payment' AND e.document_id = p.id
    WHERE coalesce(e.posted_date, p.value_date) BETWEEN %(first)s AND %(last)s
    UNION ALL
    SELECT 'reversal', p.currency_id, p.amount FROM payments_payment p
    JOIN payments_receivableentry e ON e.kind = 'reversal' AND e.document_id = p.id AND e.posted_date BETWEEN %(first)s AND %(last)s
    WHERE p.clearing IN ('reversed', 'bounced')
    UNION ALL
    SELECT 'undone', n.currency_id, n.total FROM payments_creditnote n
    JOIN payments_receivableentry e ON e.kind = 'undone' AND e.document_id = n.id AND e.posted_date BETWEEN %(first)s AND %(last)s
    WHERE n.undone
), ledger AS (
    SELECT e.kind, a.currency_id AS currency, count(*) AS n, sum(e.amount) AS amount FROM payments_receivableentry e
    JOIN payments_creditaccount a ON a.id = e.account_id WHERE e.posted_date BETWEEN %(first)s AND %(last)s GROUP BY 1, 2
), said AS (SELECT kind, currency, count(*) AS n, sum(amount) AS amount FROM documents GROUP BY 1, 2)
SELECT kind, currency, coalesce(said.n, 0), coalesce(said.amount, 0), coalesce(ledger.n, 0), coalesce(ledger.amount, 0)
FROM said FULL JOIN ledger USING (kind, currency) ORDER BY currency, kind
"""


def compared(month: date) -> list[Compared]:
    """The ledger of a month against its documents, by kind and currency."""
    with connection.cursor() as cursor:
        cursor.execute(COMPARED, {"first": month, "last": last_of(month)})
        return [Compared(*row) for row in cursor.fetchall()]


OWED = f"""
SELECT currency, sum(not_due + to_30 + to_60 + to_90 + older), sum(unapplied) FROM ({AGEING}) aged
(customer_id, code, name, currency, account_id, not_due, to_30, to_60, to_90, older, unapplied, oldest) GROUP BY currency ORDER BY currency
"""


@dataclass(frozen=True)
class Owed:
    """What was owed at the end of a day in one currency: open invoices, less money and credit notes on account."""

    currency: str
    open: Decimal
    on_account: Decimal

    @property
    def balance(self) -> Decimal:
        return self.open - self.on_account


def owed_on(day: date, today: date) -> list[Owed]:
    """What the documents say was owed at the end of a day, by currency: Σ open items of every account."""
    with connection.cursor() as cursor:
        cursor.execute(OWED, {"on": day, "past": day < today, "all": True, "customers": []})
        return [Owed(*row) for row in cursor.fetchall()]


def differences(month: date, today: date) -> list[str]:
    """Where ledger and documents differ at the end of a month, in a few words each; empty when the books agree."""
    found = [f"{x.kind} {x.difference} {x.currency}" for x in compared(month) if x.difference or x.documents != x.entries]
    ledger = {x.currency: x.closing for x in rolled(month)}
    documents = {x.currency: x.balance for x in owed_on(last_of(month), today)}
    for currency in sorted({*ledger, *documents}):
        difference = ledger.get(currency, Decimal(0)) - documents.get(currency, Decimal(0))
        if difference:
            found.append(f"open items {difference} {currency}")
    return found


def months_with_postings(limit: int = 24) -> Sequence[date]:
    """The months that have postings, the latest first."""
    with connection.cursor() as cursor:
        cursor.execute("""
            WITH RECURSIVE m(month) AS (
                SELECT date_trunc('month', max(posted_date))::date FROM payments_receivableentry
                UNION ALL
                SELECT (SELECT date_trunc('month', max(posted_date))::date FROM payments_receivableentry WHERE posted_date < m.month)
                FROM m WHERE m.month IS NOT NULL
            ) SELECT month FROM m WHERE month IS NOT NULL LIMIT %s
        """, [limit])  # fmt: skip
        return [row[0] for row in cursor.fetchall()]
