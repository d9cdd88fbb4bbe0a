"""Parts that move the credit account: reserve, release, invoice, receive, settle. One statement each, one lock.

Amounts are gross, in the currency of the account.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import IntegrityError, connection
from django.utils.translation import gettext as _

from oms.events.services import current
from oms.kernel.errors import Conflict

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
    """Reserve gross `amount` for an order within the limit; False when the account refuses (blocked, expired, full).

    The check and the change are one guarded UPDATE: of two orders for the last of a limit one is refused.
    """
    on = current().at.date()
    parameters = {"account": account_id, "amount": amount, "order": order_id, "event": event_id, "on": on}
    with connection.cursor() as cursor:
        cursor.execute(RESERVE, parameters)
        return cursor.rowcount == 1


class Move(NamedTuple):
    """A change of one bucket, for an "order", an "invoice" or a "payment"."""

    bucket: str
    amount: Decimal
    reference_kind: str
    reference_id: int


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
SELECT account.id, bucket, amount, kind, moves.id, %(event)s FROM account, moves
"""


def move(account_id: int, moves: Sequence[tuple[str, Decimal, str, int]], event_id: int) -> None:
    """Part: post moves (bucket, amount, reference kind, reference id) to the account, whatever its limit: facts.

    Moves of 0 are left out. Raises Conflict `credit_bucket` when a bucket would fall below 0.
    """
    current()
    real = [Move(*m) for m in moves if m[1]]
    if not real:
        return
    buckets, amounts, kinds, ids = (list(column) for column in zip(*real, strict=True))
    parameters: dict[str, Any] = {
        "account": account_id, "event": event_id, "buckets": buckets, "amounts": amounts, "kinds": kinds, "ids": ids,
    }  # fmt: skip
    with _buckets_kept(account_id), connection.cursor() as cursor:
        cursor.execute(MOVE, parameters)
        assert cursor.rowcount == len(real), f"there is no credit account {account_id}"


@contextmanager
def _buckets_kept(account_id: int) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        if getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) != "credit_buckets":
            raise
        raise Conflict(
            _("The credit account would show less than nothing; nothing was changed."), code="credit_bucket",
            account=account_id, clears=_("Load the page again: what is given back was given back before."),
        ) from error  # fmt: skip


def force_reserve(account_id: int | None, order_id: int, amount: Decimal, event_id: int) -> None:
    """Part: reserve above the limit, after somebody released the hold."""
    if account_id is not None:
        move(account_id, [("reserved", amount, "order", order_id)], event_id)


def release_reservation(account_id: int, order_id: int, amount: Decimal, event_id: int) -> None:
    """Part: give back what an order no longer needs."""
    move(account_id, [("reserved", -amount, "order", order_id)], event_id)
