"""What must hold between orders and invoices (RELIABILITY.md section 1)."""

from oms.kernel.invariants import Invariant

INVARIANTS = [
    Invariant(
        "I6",
        "invoiced of a line is the sum of its invoice lines that were not cancelled",
        """
        SELECT line.id, line.quantity_invoiced, coalesce(sum(i.quantity), 0) FROM orders_orderline line
        LEFT JOIN (payments_invoiceline i JOIN payments_invoice x ON x.id = i.invoice_id AND NOT x.cancelled) ON i.order_line_id = line.id
        GROUP BY line.id HAVING line.quantity_invoiced <> coalesce(sum(i.quantity), 0)
        """,
    ),
]
