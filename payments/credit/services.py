"""Parts that move the credit account: reserve, release, invoice, receive, settle. One statement each, one lock."""

from __future__ import annotations

from decimal import Decimal

from django.db import connection

from oms.events.services import current

RESERVE = """
WITH account AS (
    UPDATE payments_creditaccount SET reserved = reserved + %(amount)s
    WHERE id = %(account)s AND NOT blocked AND (limit_expires IS NULL OR limit_expires >= %(on)s)
      AND reserved + receivable - unapplied - credits + %(amount)s <= "limit"
    RETURNING id
)
INSERT INTO payments_creditentry (account_id, bucket, amount, reference_kind, reference_id, event_id)
SELECT id, 'reserved', %(amount)s, 'order', %(order)s, %(event)s FROM account
"""


def reserve(account_id: int | None, order_id: int, amount: Decimal, event_id: int) -> bool:
    """Reserve gross `amount` for an order within the limit; False when the account refuses (blocked, expired, full)."""
    cmd = current()
    with connection.cursor() as cursor:
        cursor.execute(RESERVE, {"account": account_id, "amount": amount, "order": order_id, "event": event_id, "on": cmd.at.date()})
        return cursor.rowcount == 1


MOVE = """
WITH moves AS (SELECT * FROM unnest(%(buckets)s::text[], %(amounts)s::numeric[], %(kinds)s::text[], %(ids)s::bigint[])
               AS m(bucket, amount, kind, id)),
account AS (
    UPDATE payments_creditaccount SET
        reserved = reserved + (SELECT coalesce(sum(amount), 0) FROM moves WHERE bucket = 'reserved'),
        receivable = receivable + (SELECT coalesce(sum(amount), 0) FROM moves WHERE bucket = 'receivable'),
        unapplied = unapplied + (SELECT coalesce(sum(amount), 0) FROM moves WHERE bucket = 'unapplied'),
        credits = credits + (SELECT coalesce(sum(amount), 0) FROM moves WHERE bucket = 'credits')
    WHERE id = %(account)s RETURNING id
)
INSERT INTO payments_creditentry (account_id, bucket, amount, reference_kind, reference_id, event_id)
SELECT account.id, bucket, amount, kind, moves.id, %(event)s FROM account, moves WHERE amount <> 0
"""


def move(account_id: int, moves: list[tuple[str, Decimal, str, int]], event_id: int) -> None:
    """Part: post (bucket, amount, reference kind, reference id) to the account, whatever its limit: facts."""
    current()
    with connection.cursor() as cursor:
        cursor.execute(MOVE, {
            "account": account_id, "event": event_id, "buckets": [m[0] for m in moves], "amounts": [m[1] for m in moves],
            "kinds": [m[2] for m in moves], "ids": [m[3] for m in moves],
        })  # fmt: skip


def force_reserve(account_id: int | None, order_id: int, amount: Decimal, event_id: int) -> None:
    """Part: reserve above the limit, after somebody released the hold."""
    if account_id is not None:
        move(account_id, [("reserved", amount, "order", order_id)], event_id)


def release_reservation(account_id: int, order_id: int, amount: Decimal, event_id: int) -> None:
    """Part: give back what an order no longer needs."""
    move(account_id, [("reserved", -amount, "order", order_id)], event_id)
