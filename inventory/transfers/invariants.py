"""What must hold of transfers (RELIABILITY.md I7)."""

from oms.kernel.invariants import Invariant

INVARIANTS = [
    Invariant(
        "I7",
        "what left a source came in at its target, is on its way, or was given up by two persons",
        """
        SELECT l.id, l.quantity_shipped, l.quantity_received, x.* FROM inventory_transferline l
        JOIN inventory_transfer t ON t.id = l.transfer_id
        LEFT JOIN LATERAL (
            SELECT -coalesce(sum(m.quantity) FILTER (WHERE m.location_id = t.source_id), 0) AS left_source,
                   coalesce(sum(m.quantity) FILTER (WHERE m.location_id = t.target_id), 0) AS came_in,
                   coalesce(sum(p.quantity) FILTER (WHERE p.kind = 'lost'), 0) AS lost,
                   coalesce(sum(p.quantity) FILTER (WHERE p.kind = 'surplus'), 0) AS surplus
            FROM inventory_transferposting p LEFT JOIN inventory_movement m ON m.id = p.movement_id WHERE p.line_id = l.id
        ) x ON true
        WHERE (l.quantity_shipped, l.quantity_received, l.quantity_lost, l.quantity_surplus)
            <> (x.left_source, x.came_in, x.lost, x.surplus)
        """,
    ),
    Invariant(
        "I7a",
        "stock that was transferred belongs to a transfer",
        """
        SELECT m.id FROM inventory_movement m LEFT JOIN inventory_transferposting p ON p.movement_id = m.id
        WHERE m.kind = 'transfer' AND p.id IS NULL
        """,
    ),
    Invariant(
        "I7b",
        "a received transfer has nothing on its way, a requested or cancelled one never moved",
        """
        SELECT t.id, t.status FROM inventory_transfer t JOIN inventory_transferline l ON l.transfer_id = t.id
        WHERE t.status = 'done' AND l.quantity_shipped + l.quantity_surplus <> l.quantity_received + l.quantity_lost
            OR t.status IN ('requested', 'cancelled') AND (l.quantity_shipped, l.quantity_received) <> (0, 0)
        """,
    ),
    Invariant(
        "I7c",
        "what a target expects of a transfer is what its lines say",
        """
        SELECT t.id, l.product_id, r.rest, w.rest FROM inventory_transfer t JOIN inventory_transferline l ON l.transfer_id = t.id
        CROSS JOIN LATERAL (SELECT CASE t.status WHEN 'requested' THEN l.quantity_requested WHEN 'in_transit' THEN
            greatest(0, l.quantity_shipped + l.quantity_surplus - l.quantity_received - l.quantity_lost) ELSE 0 END AS rest) w
        LEFT JOIN (SELECT reference, product_id, location_id, quantity - received AS rest FROM inventory_expectedreceipt
                   WHERE kind = 'transfer' AND status = 'open') r
            ON r.reference = t.number AND r.product_id = l.product_id AND r.location_id = t.target_id
        WHERE coalesce(r.rest, 0) <> w.rest
        """,
    ),
]
