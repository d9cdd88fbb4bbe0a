"""What must hold of credit (RELIABILITY.md section 1). That orders above the limit have a released hold is known above."""

from oms.kernel.invariants import Invariant

TOUCHED = """(SELECT x.account_id FROM payments_creditentry x JOIN oms_event e ON e.id = x.event_id
              WHERE e.recorded_at >= %(since)s)"""
SUMS = """
SELECT a.id, a.reserved, a.receivable, a.unapplied, a.credits, a.deposits, s.*
FROM payments_creditaccount a LEFT JOIN (
    SELECT account_id,
           coalesce(sum(amount) FILTER (WHERE bucket = 'reserved'), 0) AS r,
           coalesce(sum(amount) FILTER (WHERE bucket = 'receivable'), 0) AS o,
           coalesce(sum(amount) FILTER (WHERE bucket = 'unapplied'), 0) AS u,
           coalesce(sum(amount) FILTER (WHERE bucket = 'credits'), 0) AS c,
           coalesce(sum(amount) FILTER (WHERE bucket = 'deposits'), 0) AS d
    FROM payments_creditentry {where} GROUP BY account_id
) s ON s.account_id = a.id
WHERE (a.reserved, a.receivable, a.unapplied, a.credits, a.deposits)
    <> (coalesce(s.r, 0), coalesce(s.o, 0), coalesce(s.u, 0), coalesce(s.c, 0), coalesce(s.d, 0)) {also}
"""

INVARIANTS = [
    Invariant(
        "I23",
        "each bucket of a credit account is the sum of its entries",
        SUMS.format(where="", also=""),
        SUMS.format(where=f"WHERE account_id IN {TOUCHED}", also=f"AND a.id IN {TOUCHED}"),
    ),
    Invariant(
        "I23r",
        "no order has less than nothing reserved",
        """
        SELECT account_id, reference_id, sum(amount) FROM payments_creditentry
        WHERE bucket = 'reserved' AND reference_kind = 'order' GROUP BY account_id, reference_id HAVING sum(amount) < 0
        """,
    ),
    Invariant(
        "I25c",
        "credit terms were confirmed by somebody else than who proposed them, each proposal once",
        """
        SELECT p.id, p.actor_id, count(c.id) FROM oms_eventsubject s
        JOIN oms_event p ON p.id = s.object_id JOIN oms_event c ON c.id = s.event_id
        WHERE s.kind = 'proposal'
        GROUP BY p.id, p.actor_id HAVING count(c.id) > 1 OR bool_or(c.actor_id = p.actor_id)
        """,
    ),
]
