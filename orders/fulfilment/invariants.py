"""What must hold of shipments (RELIABILITY.md section 1)."""

from oms.kernel.invariants import Invariant

INVARIANTS = [
    Invariant(
        "I5",
        "shipped = posted shipment lines = goods issues, per line",
        """
        SELECT line.id, line.quantity_shipped, coalesce(s.q, 0), coalesce(m.q, 0)
        FROM orders_orderline line
        LEFT JOIN (SELECT line_id, sum(quantity) AS q FROM orders_shipmentline WHERE posted GROUP BY 1) s ON s.line_id = line.id
        LEFT JOIN (SELECT reference_line, -sum(quantity) AS q FROM inventory_movement
                   WHERE kind IN ('issue', 'issue_reversal') GROUP BY 1) m ON m.reference_line = line.id
        WHERE line.quantity_shipped <> coalesce(s.q, 0) OR line.quantity_shipped <> coalesce(m.q, 0)
        """,
    ),
]
