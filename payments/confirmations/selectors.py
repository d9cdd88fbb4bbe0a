"""Reads of balance confirmations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import QuerySet

from customers.territory.selectors import customer_filter
from payments.confirmations.models import BalanceConfirmation

MOVED_WITHIN = 366


def visible_confirmations(user: Any) -> QuerySet[BalanceConfirmation]:
    """Confirmations of customers `user` may see: the row filter of every page."""
    return BalanceConfirmation.objects.filter(customer_filter(user, "customer")).select_related("customer")


class Owed(NamedTuple):
    """What an account owes, and who pays for it."""

    account_id: int
    customer_id: int
    currency: str
    balance: Decimal


OWED = """
SELECT a.id, a.payer_id, a.currency_id, sum(e.amount)
FROM payments_receivableentry e JOIN payments_creditaccount a ON a.id = e.account_id
JOIN customers_customer c ON c.id = a.payer_id
WHERE e.posted_date <= %(day)s AND (%(codes)s::text[] IS NULL OR c.code = ANY(%(codes)s))
  AND NOT EXISTS (SELECT 1 FROM payments_balanceconfirmation b WHERE b.account_id = a.id AND b.day = %(day)s)
GROUP BY a.id HAVING sum(e.amount) <> 0 OR max(e.posted_date) > %(moved)s
ORDER BY a.id
"""


def to_ask(day: date, codes: Sequence[str] | None) -> list[Owed]:
    """Accounts not asked for this day yet that owe something, or moved within a year; of all payers, or of these codes."""
    with connection.cursor() as cursor:
        cursor.execute(OWED, {"day": day, "codes": list(codes) if codes is not None else None, "moved": day - timedelta(days=MOVED_WITHIN)})
        return list(map(Owed._make, cursor.fetchall()))


@dataclass(frozen=True)
class Share:
    """How the confirmations of a day stand: how many, and the money (in one currency's words only when there is one)."""

    day: date
    asked: int
    confirmed: int
    differing: int

    @property
    def percent(self) -> int:
        """The share confirmed, of those asked."""
        return self.confirmed * 100 // self.asked if self.asked else 0

    @property
    def waiting(self) -> int:
        return self.asked - self.confirmed - self.differing


def share(user: Any, day: date | None) -> Share | None:
    """The share of a day, or of the last one asked for; None when nothing was asked."""
    seen = BalanceConfirmation.objects.filter(customer_filter(user, "customer"))
    on = day or seen.order_by("-day").values_list("day", flat=True).first()
    if on is None:
        return None
    states = list(seen.filter(day=on).values_list("state", flat=True))
    return Share(on, len(states), states.count("confirmed"), states.count("differs"))
