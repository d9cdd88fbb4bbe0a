"""What must hold of cases."""

from oms.kernel.invariants import Invariant

INVARIANTS = [
    Invariant(
        "C1",
        "what a case is tied to belongs together: the order, shipment and invoice are its customer's, the line and shipment the order's",
        """
        SELECT c.id, c.number FROM orders_case c
        LEFT JOIN orders_order o ON o.id = c.order_id LEFT JOIN orders_orderline l ON l.id = c.line_id
        LEFT JOIN orders_shipment s ON s.id = c.shipment_id LEFT JOIN payments_invoice i ON i.id = c.invoice_id
        WHERE o.customer_id <> c.customer_id OR i.customer_id <> c.customer_id OR l.order_id <> c.order_id OR s.order_id IS DISTINCT FROM c.order_id
              AND c.shipment_id IS NOT NULL
        """,
    ),
    Invariant(
        "C2",
        "a case is merged into one that is not merged itself, of the same customer",
        """
        SELECT c.id, c.number, t.number FROM orders_case c JOIN orders_case t ON t.id = c.merged_into_id
        WHERE t.status = 'merged' OR t.customer_id <> c.customer_id
        """,
    ),
]
