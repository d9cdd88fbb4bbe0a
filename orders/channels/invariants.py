"""What must hold of messages."""

from oms.kernel.invariants import Invariant

INVARIANTS = [
    Invariant(
        "I9",
        "what a partner sent is kept as it came, and an order of a channel is its partner's",
        """
        SELECT t.id, 'changed' FROM orders_transmission t WHERE sha256(t.body) <> t.sha256
        UNION ALL
        SELECT m.id, 'order of another' FROM orders_message m JOIN orders_tradingpartner p ON p.id = m.partner_id
        JOIN orders_order o ON o.id = m.order_id WHERE o.entered_by_id <> p.actor_id
        """,
    ),
    Invariant(
        "I35",
        "a message that waits is worked on within the hour",
        "SELECT id, number FROM orders_message WHERE state = 'new' AND changed_at < now() - interval '1 hour'",
    ),
]
