"""What must hold of the book (RELIABILITY.md section 1); the CHECKs of PRODUCT.md section 2 hold by themselves."""

from oms.kernel.invariants import Invariant
from orders.book.lifecycle import ORDER

INVARIANTS = [
    Invariant(
        "I26",
        "price and its source stand on every line",
        "SELECT id FROM orders_orderline WHERE price_source = '' OR unit_price IS NULL",
    ),
    Invariant(
        "I26",
        "a line's price is the one it was entered with, or that of its last change; the changes have no holes",
        """
        SELECT c.line_id, c.id FROM (
            SELECT id, line_id, old_price, old_discount, price, discount, source,
                   lead(old_price) OVER w AS next_price, lead(old_discount) OVER w AS next_discount
            FROM orders_pricechange WINDOW w AS (PARTITION BY line_id ORDER BY id)
        ) c JOIN orders_orderline l ON l.id = c.line_id
        WHERE (coalesce(c.next_price, l.unit_price), coalesce(c.next_discount, l.discount)) <> (c.price, c.discount)
        """,
    ),
    Invariant(
        "I28",
        "status moves along allowed edges and its history has no holes",
        f"""
        SELECT t.order_id, t.source, t.target FROM (
            SELECT order_id, source, target, coalesce(lag(target) OVER w, '') AS before,
                   row_number() OVER (PARTITION BY order_id ORDER BY id DESC) AS back
            FROM orders_ordertransition WINDOW w AS (PARTITION BY order_id ORDER BY id)
        ) t JOIN orders_order o ON o.id = t.order_id
        WHERE t.source <> t.before OR (t.before, t.target) NOT IN ({ORDER.sql_values()})
           OR (t.back = 1 AND t.target <> o.status)
        """,
    ),
    Invariant(
        "I36",
        "an order ships to an address of its own customer",
        """
        SELECT o.id FROM orders_order o JOIN customers_address a ON a.id = o.ship_to_id
        WHERE a.customer_id <> o.customer_id
        """,
    ),
]
