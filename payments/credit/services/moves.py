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

from oms.events.services import current, write
from oms.kernel.errors import Conflict
from oms.kernel.sqlrows import Part
from payments.credit.domain import decide
from payments.credit.locks import lock_accounts
from payments.credit.selectors import no_account, said, view_of

RESERVE = """
UPDATE payments_creditaccount SET reserved = reserved + %(amount)s
WHERE id = %(account)s AND NOT blocked AND (limit_expires IS NULL OR limit_expires >= %(on)s)
  AND reserved + receivable - unapplied - credits + %(amount)s <= "limit" * limit_share
  AND (oldest_due_date IS NULL OR %(on)s - oldest_due_date <= max_days_overdue)
  AND (max_amount_overdue IS NULL OR amount_overdue <= max_amount_overdue)
RETURNING id
"""
RESERVED = """
INSERT INTO payments_creditentry (account_id, bucket, amount, reference_kind, reference_id, event_id)
SELECT id, 'reserved', %(amount)s, 'order', %(order)s, %(reserved_by)s FROM account
"""


def reserving(account_id: int | None, order_id: int, amount: Decimal, event_id: int) -> list[Part]:
    """A reservation of gross `amount` for an order within the limit, to be written last: it wrote 1 row, or 0 when the
    account refuses (blocked, expired, overdue, full).

    The check and the change are one guarded UPDATE: of two orders for the last of a limit one is refused.
    """
    on = current().at.date()
    parameters = {"account": account_id, "amount": amount, "order": order_id, "reserved_by": event_id, "on": on}
    return [Part("account", RESERVE, parameters), Part("reserved", RESERVED, {})]


def reserve(account_id: int | None, order_id: int, amount: Decimal, event_id: int) -> bool:
    """Part: `reserving`, by itself; False when the account refuses."""
    return write(*reserving(account_id, order_id, amount, event_id)) == 1


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
        credits = credits + (SELECT coalesce(sum(amount), 0) FROM moves WHERE bucket = 'credits'),
        deposits = deposits + (SELECT coalesce(sum(amount), 0) FROM moves WHERE bucket = 'deposits')
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


MOVE_MANY = """
WITH moves AS MATERIALIZED (
    SELECT * FROM unnest(%(accounts)s::bigint[], %(buckets)s::text[], %(amounts)s::numeric[], %(kinds)s::text[], %(ids)s::bigint[],
                         %(events)s::bigint[]) AS m(account, bucket, amount, kind, id, event)
), sums AS (
    SELECT account, coalesce(sum(amount) FILTER (WHERE bucket = 'reserved'), 0) AS reserved,
           coalesce(sum(amount) FILTER (WHERE bucket = 'receivable'), 0) AS receivable,
           coalesce(sum(amount) FILTER (WHERE bucket = 'unapplied'), 0) AS unapplied,
           coalesce(sum(amount) FILTER (WHERE bucket = 'credits'), 0) AS credits,
           coalesce(sum(amount) FILTER (WHERE bucket = 'deposits'), 0) AS deposits
    FROM moves GROUP BY account
), moved AS (
    UPDATE payments_creditaccount a SET reserved = a.reserved + s.reserved, receivable = a.receivable + s.receivable,
           unapplied = a.unapplied + s.unapplied, credits = a.credits + s.credits,
           deposits = a.deposits + s.deposits
    FROM sums s WHERE a.id = s.account
)
INSERT INTO payments_creditentry (account_id, bucket, amount, reference_kind, reference_id, event_id)
SELECT account, bucket, amount, kind, id, event FROM moves
"""


def move_many(moves: Sequence[tuple[int, Move, int]]) -> None:
    """Part: post (account, move, event) to many accounts, locked by the caller, in one statement. Moves of 0 are left out.

    Raises Conflict `credit_bucket` when a bucket would fall below 0.
    """
    current()
    real = [(account, m, event) for account, m, event in moves if m.amount]
    if not real:
        return
    parameters: dict[str, Any] = {
        "accounts": [account for account, _m, _event in real], "buckets": [m.bucket for _a, m, _e in real],
        "amounts": [m.amount for _a, m, _e in real], "kinds": [m.reference_kind for _a, m, _e in real],
        "ids": [m.reference_id for _a, m, _e in real], "events": [event for _a, _m, event in real],
    }  # fmt: skip
    with _buckets_kept(real[0][0]), connection.cursor() as cursor:
        cursor.execute(MOVE_MANY, parameters)


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


def refusal(account_id: int | None, amount: Decimal, without: Decimal = Decimal(0)) -> Conflict | None:
    """Part: why the account, locked from here on, does not take gross `amount` for an order; None when it does.

    `without` is what stands reserved for the same order and is replaced. No account is a refusal: closed by default.
    """
    if account_id is None:
        return no_account()
    account = lock_accounts([account_id])[account_id]
    view = view_of(account, without)
    refused = decide(view, amount, current().at.date())
    return said(refused, view, account.currency_id) if refused else None


def force_reserve(account_id: int | None, order_id: int, amount: Decimal, event_id: int) -> None:
    """Part: reserve above the limit, after somebody released the hold."""
    if account_id is not None:
        move(account_id, [("reserved", amount, "order", order_id)], event_id)


def release_reservation(account_id: int, order_id: int, amount: Decimal, event_id: int) -> None:
    """Part: give back what an order no longer needs."""
    move(account_id, [("reserved", -amount, "order", order_id)], event_id)
