"""What must hold of count sheets."""

from oms.kernel.invariants import Invariant

INVARIANTS = [
    Invariant(
        "I10s",
        "a posted sheet's lines are the counts they name, and its value is what they differ",
        """
        SELECT s.id, l.id FROM inventory_countsheet s JOIN inventory_countsheetline l ON l.sheet_id = s.id
        LEFT JOIN inventory_countedplace c ON c.id = l.place_id LEFT JOIN inventory_balance b ON b.id = c.balance_id
        WHERE s.status = 'posted' AND l.quantity IS NOT NULL
            AND (l.quantity, l.counted_at, l.product_id, s.location_id, l.bin, l.lot)
                IS DISTINCT FROM (c.quantity, c.as_of, b.product_id, b.location_id, b.bin, b.lot)
            OR s.status <> 'posted' AND l.place_id IS NOT NULL
        """,
    ),
]
