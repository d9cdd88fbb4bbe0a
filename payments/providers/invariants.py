"""What must hold of charges (RELIABILITY.md section 1)."""

from oms.kernel.invariants import Invariant

INVARIANTS = [
    Invariant(
        "I21p",
        "a charge is paid by one payment of its amount that stands, and by none once it was returned",
        """
        SELECT c.number, c.state, p.clearing, p.amount FROM payments_providercharge c JOIN payments_payment p ON p.id = c.payment_id
        WHERE p.amount <> c.amount OR p.customer_id <> c.customer_id
           OR c.state = 'paid' AND p.clearing = 'reversed' AND NOT EXISTS (  -- the news of it is on its way
               SELECT FROM payments_receivableentry e WHERE e.kind = 'reversal' AND e.document_id = p.id AND e.recorded_at > now() - interval '10 minutes')
           OR c.state = 'returned' AND p.clearing <> 'reversed'
        """,
    ),
    Invariant(
        "I21q",
        "what is given back through a provider is a refund of its customer and amount, and no more than the charge",
        """
        SELECT c.number, r.number FROM payments_givenback g JOIN payments_providercharge c ON c.id = g.charge_id JOIN payments_refund r ON r.id = g.refund_id
        WHERE r.amount <> g.amount OR r.customer_id <> c.customer_id OR r.currency_id <> c.currency_id
           OR (SELECT sum(x.amount) FROM payments_givenback x WHERE x.charge_id = c.id AND x.state <> 'declined') > c.amount
        """,
    ),
]
