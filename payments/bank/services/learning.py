"""Remember of which account a customer's money came, so that the next line of it is known."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from oms.events.services import current
from payments.bank.domain import account_key

LEARN = """
INSERT INTO payments_payeraccount AS p (account, customer_id, uses) VALUES (%(account)s, %(customer)s, 1)
ON CONFLICT (account, customer_id) DO UPDATE SET uses = p.uses + 1
"""
FORGET = """
UPDATE payments_payeraccount SET uses = greatest(uses - 1, 0) WHERE account = %(account)s AND customer_id = %(customer)s
"""


def learn(account: str, customer_id: int) -> None:
    """Part: one more payment of the customer came of this account; a line without an account teaches nothing."""
    _count(LEARN, account, customer_id)


LEARN_MANY = """
INSERT INTO payments_payeraccount AS p (account, customer_id, uses)
SELECT account, customer, count(*) FROM unnest(%(accounts)s::text[], %(customers)s::bigint[]) AS t(account, customer)
WHERE account <> '' GROUP BY 1, 2 ORDER BY 1, 2
ON CONFLICT (account, customer_id) DO UPDATE SET uses = p.uses + excluded.uses
"""


def learn_many(pairs: Sequence[tuple[str, int]]) -> None:
    """Part: a payment each of (account's key, customer)."""
    current()
    with connection.cursor() as cursor:
        cursor.execute(LEARN_MANY, {"accounts": [account for account, _c in pairs], "customers": [customer for _a, customer in pairs]})


def forget(account: str, customer_id: int) -> None:
    """Part: one of them was a mistake."""
    _count(FORGET, account, customer_id)


def _count(sql: str, account: str, customer_id: int) -> None:
    current()
    if key := account_key(account):
        with connection.cursor() as cursor:
            cursor.execute(sql, {"account": key, "customer": customer_id})
