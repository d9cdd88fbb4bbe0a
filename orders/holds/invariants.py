"""What must hold of quotas."""

from oms.kernel.invariants import Invariant

INVARIANTS = [
    Invariant(
        "IQ1",
        "what is used of a quota is the sum of its entries",
        """
        SELECT q.id, q.used, coalesce(sum(e.units), 0) FROM orders_quota q LEFT JOIN orders_quotaentry e ON e.quota_id = q.id
        GROUP BY q.id HAVING q.used <> coalesce(sum(e.units), 0)
        """,
    ),
    Invariant(
        "IQ2",
        "a line takes no more of a quota than what stands of it",
        """
        SELECT e.quota_id, e.line_id, sum(e.units) FROM orders_quotaentry e JOIN orders_orderline x ON x.id = e.line_id
        JOIN orders_order o ON o.id = e.order_id
        GROUP BY e.quota_id, e.line_id, x.quantity_ordered, x.quantity_cancelled, o.status
        HAVING sum(e.units) < 0 OR sum(e.units) > CASE WHEN o.status IN ('draft', 'discarded') THEN 0
                                                       ELSE x.quantity_ordered - x.quantity_cancelled END
        """,
    ),
]
