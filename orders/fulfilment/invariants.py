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
    Invariant(
        "I5a",
        "delivered, undelivered and returned: order line = its shipment lines = their arrivals",
        """
        SELECT line.id FROM orders_orderline line
        LEFT JOIN (SELECT line_id, sum(delivered) AS d, sum(undelivered) AS u, sum(returned) AS r FROM orders_shipmentline GROUP BY 1) s
            ON s.line_id = line.id
        LEFT JOIN (SELECT line_id, sum(quantity) FILTER (WHERE kind = 'delivered') AS d,
                          sum(quantity) FILTER (WHERE kind = 'undelivered') AS u FROM orders_arrival GROUP BY 1) a ON a.line_id = line.id
        WHERE (line.quantity_delivered, line.quantity_undelivered, line.quantity_returned)
                <> (coalesce(s.d, 0), coalesce(s.u, 0), coalesce(s.r, 0))
            OR (line.quantity_delivered, line.quantity_undelivered) <> (coalesce(a.d, 0), coalesce(a.u, 0))
        """,
    ),
    Invariant(
        "I5b",
        "what of a discrepancy is cleared is the sum of its clearings",
        """
        SELECT d.id FROM orders_discrepancy d LEFT JOIN orders_discrepancyclearing c ON c.discrepancy_id = d.id
        GROUP BY d.id HAVING d.cleared <> coalesce(sum(c.quantity), 0)
        """,
    ),
]
