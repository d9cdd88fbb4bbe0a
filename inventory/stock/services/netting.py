"""Facts that are told late: what occurred before a count and is told after it was in the count already.

The fact is posted at its time, and taken back at the count: what lay there then stays what was counted, and what lies
there now stays as it is (PRODUCT.md section 4: a count is exactly netted).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import connection

from inventory.stock.choices import MovementKind
from inventory.stock.services.ledger import Posting
from oms.events.services import current

NEXT = """
SELECT DISTINCT ON (balance_id) balance_id, as_of FROM inventory_countedplace
WHERE balance_id = ANY(%(balances)s::bigint[]) AND (as_of > %(at)s OR as_of = %(at)s AND %(equal)s)
ORDER BY balance_id, as_of
"""


def netted(changes: Mapping[int, int], at: datetime, *, count: bool = False) -> list[Posting]:
    """Part: {balance: change of on hand} that occurred `at`: the postings that take it back at the next count, if there was one.

    The balances are locked. A count is taken back by later counts only, other facts also by one of the same moment.
    One statement, and none for what occurs now.
    """
    changed = sorted(balance for balance, quantity in changes.items() if quantity)
    if not changed or at >= current().clock:
        return []
    with connection.cursor() as cursor:
        cursor.execute(NEXT, {"balances": changed, "at": at, "equal": not count})
        rows = cursor.fetchall()
    return [Posting(balance, MovementKind.COUNT, quantity=-changes[balance], reason="netted", at=as_of) for balance, as_of in rows]
