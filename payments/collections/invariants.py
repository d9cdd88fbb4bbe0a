"""What must hold of collections (RELIABILITY.md section 1)."""

from oms.kernel.invariants import Invariant

INVARIANTS = [
    Invariant(
        "I23q",
        "uncleared cheques, and they alone, keep their amount in the exposure",
        """
        SELECT coalesce(e.reference_id, p.id), e.amount, p.amount FROM (
            SELECT reference_id, sum(amount) AS amount FROM payments_creditentry
            WHERE bucket = 'reserved' AND reference_kind = 'cheque' GROUP BY reference_id HAVING sum(amount) <> 0
        ) e FULL JOIN (SELECT id, amount FROM payments_payment WHERE clearing = 'deposited') p ON p.id = e.reference_id
        WHERE e.amount IS DISTINCT FROM p.amount
        """,
    ),
    Invariant(
        "I21r",
        "collection receipts are numbered without gaps, and each stands as its payment does",
        """
        SELECT 'gap', count(*), min(serial), max(serial) FROM payments_collectionreceipt
        HAVING max(serial) - min(serial) + 1 <> count(*)
        UNION ALL
        SELECT r.number, r.id, p.id, p.customer_id FROM payments_collectionreceipt r JOIN payments_payment p ON p.id = r.payment_id
        WHERE p.amount <> r.amount OR p.customer_id <> r.customer_id OR (r.state = 'bounced') <> (p.clearing = 'bounced')
        """,
    ),
]
