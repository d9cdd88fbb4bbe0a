"""What must hold of returns (RELIABILITY.md section 1); the sums are also checked at every commit."""

from oms.kernel.invariants import Invariant
from orders.returns.lifecycle import RETURN

INVARIANTS = [
    Invariant(
        "IR1",
        "returned of a line = its receipts = its return movements",
        """
        SELECT line.id, line.quantity_returned, coalesce(r.q, 0), coalesce(m.q, 0)
        FROM orders_orderline line
        LEFT JOIN (SELECT line_id, sum(quantity) AS q FROM orders_returnreceipt GROUP BY 1) r ON r.line_id = line.id
        LEFT JOIN (SELECT reference_line, sum(quantity) AS q FROM inventory_movement WHERE kind = 'return' GROUP BY 1) m
            ON m.reference_line = line.id
        WHERE line.quantity_returned <> coalesce(r.q, 0) OR line.quantity_returned <> coalesce(m.q, 0)
        """,
    ),
    Invariant(
        "IR2",
        "what was received of a return is its receipts; where it went are its disposals; settled lines are settled once",
        f"""
        SELECT rl.id, rl.status FROM orders_returnline rl
        LEFT JOIN (SELECT return_line_id, sum(quantity) AS q FROM orders_returnreceipt GROUP BY 1) r ON r.return_line_id = rl.id
        LEFT JOIN (SELECT return_line_id, sum(quantity) FILTER (WHERE kind = 'restock') AS restock,
                          sum(quantity) FILTER (WHERE kind = 'repair') AS repair, sum(quantity) FILTER (WHERE kind = 'scrap') AS scrap
                   FROM orders_returndisposal GROUP BY 1) d ON d.return_line_id = rl.id
        LEFT JOIN orders_returnsettlement s ON s.return_line_id = rl.id
        WHERE rl.quantity_received <> coalesce(r.q, 0) OR rl.quantity_restocked <> coalesce(d.restock, 0)
            OR rl.quantity_repair <> coalesce(d.repair, 0) OR rl.quantity_scrapped <> coalesce(d.scrap, 0)
            OR (rl.status = 'settled') <> (s.id IS NOT NULL) OR s.quantity <> rl.quantity_received
            OR rl.status IN ('dispositioned', 'settled')
               AND rl.quantity_restocked + rl.quantity_repair + rl.quantity_scrapped <> rl.quantity_received
            OR rl.status NOT IN ({", ".join(f"'{target}'" for _source, target in RETURN.pairs())})
        """,
    ),
    Invariant(
        "IR3",
        "no more is expected back of a delivery than it holds",
        """
        SELECT sl.id FROM orders_shipmentline sl JOIN orders_returnline rl ON rl.shipment_line_id = sl.id
        WHERE rl.status IN ('authorised', 'in_transit')
        GROUP BY sl.id HAVING sum(rl.quantity_authorised - rl.quantity_received) > sl.quantity - sl.returned
        """,
    ),
    Invariant(
        "IR4",
        "a settled credit is credited once and whole; a replacement never",
        """
        SELECT s.id FROM orders_returnsettlement s JOIN orders_returncredit c ON c.settlement_id = s.id
        GROUP BY s.id HAVING sum(c.quantity) <> s.quantity OR s.kind = 'replace'
        """,
    ),
]
