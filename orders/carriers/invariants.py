"""What must hold of carriers (RELIABILITY.md section 1)."""

from oms.kernel.invariants import Invariant

INVARIANTS = [
    Invariant(
        "I13c",
        "a consignment's price is what its parts add up to, and a booked one is known by its shipment's tracking number until that leaves",
        """
        SELECT c.number, c.price, s.tracking_number FROM orders_consignment c JOIN orders_shipment s ON s.id = c.shipment_id
        WHERE c.price <> (SELECT coalesce(sum((p ->> 1)::numeric), 0) FROM jsonb_array_elements(c.parts) p)
           OR c.state = 'booked' AND s.shipped_at IS NULL AND s.status <> 'cancelled' AND s.tracking_number <> c.tracking_number
        """,
    ),
]
