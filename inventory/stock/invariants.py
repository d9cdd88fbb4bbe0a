"""What must hold of stock (RELIABILITY.md section 1). I30 is recomputed where the bookings are known, by orders."""

from inventory.stock.domain import ALREADY
from oms.kernel.invariants import Invariant

TOUCHED_BALANCES = "(SELECT DISTINCT balance_id FROM inventory_movement WHERE recorded_at >= %(since)s)"
SUMS = """
SELECT b.id, b.on_hand, b.allocated, b.blocked, m.*
FROM inventory_balance b FULL JOIN (
    SELECT balance_id, sum(quantity) AS moved, sum(allocated) AS moved_allocated, sum(blocked) AS moved_blocked
    FROM inventory_movement {where} GROUP BY balance_id
) m ON m.balance_id = b.id
WHERE (coalesce(b.on_hand, 0), coalesce(b.allocated, 0), coalesce(b.blocked, 0))
    <> (coalesce(m.moved, 0), coalesce(m.moved_allocated, 0), coalesce(m.moved_blocked, 0)) {also}
"""
VERSIONS = """
SELECT b.id, b.version, m.*
FROM inventory_balance b LEFT JOIN (
    SELECT balance_id, count(*) AS movements, min(version) AS first, max(version) AS last
    FROM inventory_movement {where} GROUP BY balance_id
) m ON m.balance_id = b.id
WHERE (coalesce(m.movements, 0) <> b.version OR coalesce(m.last, 0) <> b.version OR m.first <> 1) {also}
"""

INVARIANTS = [
    Invariant(
        "I1",
        "every balance is the sum of its movements",
        SUMS.format(where="", also=""),
        SUMS.format(where=f"WHERE balance_id IN {TOUCHED_BALANCES}", also=f"AND b.id IN {TOUCHED_BALANCES}"),
    ),
    Invariant(
        "I1p",
        "every movement names the product and location of its balance",
        """
        SELECT m.id, m.balance_id FROM inventory_movement m JOIN inventory_balance b ON b.id = m.balance_id
        WHERE (m.product_id, m.location_id) <> (b.product_id, b.location_id)
        """,
    ),
    Invariant(
        "I2",
        "no balance has less on hand than is allocated and blocked",
        """
        SELECT id, on_hand, allocated, blocked FROM inventory_balance
        WHERE allocated < 0 OR blocked < 0 OR allocated + blocked > on_hand
        """,
    ),
    Invariant(
        "I10",
        "the movements of a balance are numbered 1 to its version without gaps",
        VERSIONS.format(where="", also=""),
        VERSIONS.format(where=f"WHERE balance_id IN {TOUCHED_BALANCES}", also=f"AND b.id IN {TOUCHED_BALANCES}"),
    ),
    Invariant(
        "I10c",
        "what lay in a place when it was counted is what was counted",
        """
        SELECT c.id, c.balance_id, c.quantity, x.lay FROM inventory_countedplace c CROSS JOIN LATERAL (
            SELECT coalesce(sum(m.quantity), 0) AS lay FROM inventory_movement m
            WHERE m.balance_id = c.balance_id AND m.version <= c.version AND coalesce(m.happened_at, m.occurred_at) <= c.as_of
        ) x WHERE x.lay <> c.quantity
        """,
    ),
    Invariant(
        "I10d",
        "the digests of the last closed days come out of the ledger again",
        """
        SELECT c.day, c.units, x.units AS now FROM (SELECT * FROM inventory_stockclosing ORDER BY day DESC LIMIT 3) c
        CROSS JOIN LATERAL (
            SELECT count(*) AS pairs, coalesce(sum(q), 0) AS units, sha256(convert_to(coalesce(
                       string_agg(product_id || '/' || location_id || '/' || q, ',' ORDER BY product_id, location_id), ''), 'UTF8')) AS digest
            FROM (SELECT m.product_id, m.location_id, sum(m.quantity) AS q FROM inventory_movement m
                  JOIN oms_event e ON e.id = m.event_id WHERE e.xid < c.below_xid::text::xid8 GROUP BY 1, 2 HAVING sum(m.quantity) <> 0) s
        ) x WHERE (c.pairs, c.units, c.sha256) IS DISTINCT FROM (x.pairs, x.units, x.digest)
        """,
    ),
    Invariant(
        "I25s",
        "stock adjusted beyond the limit was proposed by another person than confirmed it",
        """
        SELECT id, amount, amount_limit FROM inventory_adjustment
        WHERE amount > amount_limit AND (proposed_by_id IS NULL OR proposed_by_id = by_id)
        """,
    ),
    Invariant(
        "I30a",
        "no cell is short beyond the shortfall that a fact of stock left",
        """
        SELECT a.id, a.free, a.shortfall FROM inventory_availability a LEFT JOIN oms_event e ON e.id = a.shortfall_event_id
        WHERE NOT (-a.shortfall <= ALL (a.free)) OR a.shortfall > 0 AND (e.name IS NULL OR NOT starts_with(e.name, 'stock.'))
        """,
    ),
    Invariant(
        "I30b",
        "the days of a cell start at once, rise, and are those on which open receipts arrive",
        f"""
        SELECT a.id, a.days FROM inventory_availability a
        WHERE cardinality(a.days) <> cardinality(a.free) OR a.days <> ARRAY(
            SELECT DATE '{ALREADY.isoformat()}' UNION
            SELECT greatest(r.available_date, DATE '{ALREADY.isoformat()}') FROM inventory_expectedreceipt r
            WHERE r.product_id = a.product_id AND r.location_id = a.location_id AND r.status = 'open'
                AND r.quantity > r.received
            ORDER BY 1)
        """,
    ),
    Invariant(
        "I30c",
        "stock and open receipts have a cell",
        """
        SELECT t.product_id, t.location_id FROM (
            SELECT product_id, location_id FROM inventory_balance WHERE version > 0
            UNION SELECT product_id, location_id FROM inventory_expectedreceipt WHERE status = 'open'
        ) t LEFT JOIN inventory_availability a USING (product_id, location_id) WHERE a.id IS NULL
        """,
    ),
]
