"""What must hold of plans and allocations (RELIABILITY.md section 1)."""

from oms.kernel.invariants import Invariant

INVARIANTS = [
    Invariant(
        "I3",
        "allocated of a line is the sum of its live allocations",
        """
        SELECT line.id, line.quantity_allocated, coalesce(sum(a.quantity - a.shipped - a.released), 0)
        FROM orders_orderline line LEFT JOIN orders_allocation a ON a.line_id = line.id
        GROUP BY line.id HAVING line.quantity_allocated <> coalesce(sum(a.quantity - a.shipped - a.released), 0)
        """,
    ),
    Invariant(
        "I3b",
        "a line's live plan and allocations stay within what is approved, its claims within what is pending",
        """
        SELECT line.id FROM orders_orderline line
        JOIN orders_liveplan live ON live.order_id = line.order_id
        LEFT JOIN orders_scheduleline s ON s.line_id = line.id AND s.order_id = line.order_id AND s.version = live.version
        GROUP BY line.id
        HAVING coalesce(sum(s.quantity) FILTER (WHERE s.kind = 'plan'), 0)
                   > line.quantity_approved - line.quantity_shipped - line.quantity_allocated
            OR coalesce(sum(s.quantity) FILTER (WHERE s.kind = 'claim'), 0)
                   > line.quantity_ordered - line.quantity_cancelled - line.quantity_approved
        """,
    ),
    Invariant(
        "I30",
        "free = supply − live schedule lines − requested transfers, on every day of every cell",
        """
        WITH cell AS (
            SELECT a.id, a.product_id, a.location_id, a.safety, d.day, d.n, a.free[d.n] AS free,
                   lead(d.day) OVER (PARTITION BY a.id ORDER BY d.n) AS next_day
            FROM inventory_availability a, unnest(a.days) WITH ORDINALITY AS d(day, n)
        ), supply AS (
            SELECT c.id, c.n, coalesce((SELECT sum(b.on_hand - b.allocated - b.blocked) FROM inventory_balance b
                            WHERE b.product_id = c.product_id AND b.location_id = c.location_id), 0) - c.safety
                   + coalesce((SELECT sum(r.quantity - r.received) FROM inventory_expectedreceipt r
                            WHERE r.product_id = c.product_id AND r.location_id = c.location_id AND r.status = 'open'
                              AND r.quantity > r.received AND greatest(r.available_date, '2000-01-01') <= c.day), 0)
                   - coalesce((SELECT sum(s.quantity) FROM orders_scheduleline s
                            JOIN orders_liveplan live ON live.order_id = s.order_id AND live.version = s.version
                            WHERE s.product_id = c.product_id AND s.location_id = c.location_id
                              AND (c.next_day IS NULL OR s.ship_date < c.next_day)), 0)
                   - coalesce((SELECT sum(l.quantity_requested) FROM inventory_transferline l
                            JOIN inventory_transfer t ON t.id = l.transfer_id AND t.status = 'requested'
                            WHERE l.product_id = c.product_id AND t.source_id = c.location_id
                              AND (c.next_day IS NULL OR t.ship_date < c.next_day)), 0) AS expected
            FROM cell c
        )
        SELECT c.id, c.day, c.free, supply.expected FROM cell c JOIN supply USING (id, n) WHERE c.free <> supply.expected
        """,
    ),
]
