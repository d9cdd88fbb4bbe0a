"""What must hold of approvals (RELIABILITY.md section 1)."""

from oms.kernel.invariants import Invariant

INVARIANTS = [
    Invariant(
        "I4",
        "approved is the sum of its decisions",
        """
        SELECT line.id, line.quantity_approved, coalesce(sum(a.approved), 0) FROM orders_orderline line
        LEFT JOIN orders_approvalline a ON a.line_id = line.id
        GROUP BY line.id HAVING line.quantity_approved <> coalesce(sum(a.approved), 0)
        """,
    ),
    Invariant(
        "I24",
        "nobody approved what they entered, submitted or amended",
        """
        SELECT a.id FROM orders_approval a JOIN orders_order o ON o.id = a.order_id
        WHERE a.by_id IN (o.entered_by_id, o.submitted_by_id) OR a.by_id = ANY (a.amended_by)
        """,
    ),
]
