"""What files say of an order's past: its columns, how they build on one another, and how an order is written out with them.

What became of a line stands on its row; a row with neither SKU nor charge goes on with the row above it: another part of the
same line that left at another time or place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from django.db import connection
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.accounts.models import User
from oms.accounts.policies import may
from oms.files.formats import Column, Document, Row
from orders.book.models import Order
from orders.book.selectors import FILE_NUMBER
from orders.desk.services import Left, LineFacts
from orders.fulfilment.choices import Proof

DECIDED = (
    Column("ordered_at", gettext_lazy("when it was ordered"), "moment", history=True),
    Column("approved_at", gettext_lazy("when it was decided"), "moment", history=True),
    Column("approved_by", gettext_lazy("user name of the approver; empty: the policy of that day"), default="", longest=150, history=True),
    Column("cancelled_at", gettext_lazy("when all of it was cancelled"), "moment", history=True),
    Column("invoices", gettext_lazy("made of what left, or brought by import_invoices"), choices={"made": False, "file": True}, default=False, history=True),
)  # fmt: skip
LEFT = (
    Column("shipped_at", gettext_lazy("when it left; empty: as on the order's first row"), "moment", history=True),
    Column("delivered_date", gettext_lazy("when it arrived; empty: as on the order's first row"), "date", history=True),
    Column("proof", gettext_lazy("of the delivery; empty: as on the order's first row"), choices={p: p for p in Proof.values}, history=True),
)  # fmt: skip
FACTS = (
    Column("approved", gettext_lazy("base units; empty: all but the cancelled"), "integer", least=0, history=True),
    Column("cancelled", gettext_lazy("base units cut or cancelled"), "integer", least=0, history=True),
    Column("shipped", gettext_lazy("base units that left; empty: all approved, when it left. Another part of the line follows on a row of its own"),
           "integer", least=0, history=True),
    Column("shipped_from", gettext_lazy("code of the location; the stock there now is not asked; empty: out of the opened stock, whole orders only"),
           default="", longest=20, history=True),
    Column("delivered", gettext_lazy("base units that arrived; empty: all that left, when it arrived"), "integer", least=0, history=True),
    Column("undelivered", gettext_lazy("base units that will not arrive"), "integer", least=0, history=True),
)  # fmt: skip


def is_part(row: Row) -> bool:
    """Whether the row goes on with the line above it."""
    return not row.cells.get("sku") and not row.cells.get("charge") and bool(row.cells.get("shipped"))


def check_parts(document: Document) -> None:
    """What goes on needs a product to go on with."""
    above: Row | None = None
    for row in document.rows:
        if not is_part(row):
            above = row
        elif above is None or not above.cells.get("sku"):
            row.refuse("sku", _("goes on with no product: name it, or the text of a charge."))


def counted(document: Document) -> list[list[Row]]:
    """The rows as an order counts its lines, goods, then charges; each with the rows that go on with it."""
    lines: list[list[Row]] = []
    for row in document.rows:
        if is_part(row) and lines:
            lines[-1].append(row)
        else:
            lines.append([row])
    return sorted(lines, key=lambda rows: not rows[0].cells.get("sku"))


def fact(row: Row, first: Row, name: str) -> Any:
    """A cell that stands for the rows below it too."""
    return row.cells.get(name) or first.cells.get(name)


def by_line(document: Document) -> bool:
    """Whether the file says what became of each line."""
    return any(row.cells.get(column.name) not in (None, "") for row in document.rows for column in FACTS)


def check_facts(document: Document, approvers: Mapping[str, User]) -> None:
    """Facts of history build on one another, in time."""
    first, cells = document.rows[0], document.head
    after(first, "ordered_at", cells.get("ordered_at"), "approved_at", cells.get("approved_at"))
    after(first, "ordered_at", cells.get("ordered_at"), "cancelled_at", cells.get("cancelled_at"))
    for row in document.rows:
        shipped, delivered = fact(row, first, "shipped_at"), fact(row, first, "delivered_date")
        if row is first or row.cells.get("shipped_at"):
            after(row, "approved_at", cells.get("approved_at"), "shipped_at", shipped)
        if row is first or row.cells.get("delivered_date"):
            after(row, "shipped_at", shipped and shipped.date(), "delivered_date", delivered)
    if cells.get("approved_at") and cells.get("approved_by"):
        approver = approvers.get(cells["approved_by"])
        if approver is None or not may(approver, "orders.approve"):
            first.refuse("approved_by", _("there is no approver %(name)s.") % {"name": cells["approved_by"]})


def after(row: Row, earlier: str, before: Any, later: str, value: Any) -> None:
    """Refuse a fact without the one it builds on, or before it."""
    if value and not before:
        row.refuse(earlier, _("is missing: %(later)s builds on it.") % {"later": later})
    elif value and value < before:
        row.refuse(later, _("lies before %(earlier)s.") % {"earlier": earlier})


def check_left(document: Document, locations: Mapping[str, int]) -> None:
    """Where it left from is known; a file that brings the invoices says so."""
    first = document.rows[0]
    for row in document.rows if by_line(document) or document.head.get("invoices") else ():
        goods = row.cells.get("sku") or is_part(row)
        code, left = row.cells.get("shipped_from") or "", fact(row, first, "shipped_at") and goods and row.cells.get("shipped") != 0
        if code and code not in locations or left and not code:
            row.refuse("shipped_from", _("there is no location %(code)s.") % {"code": code} if code else _("is missing: say where it left from."))


def check_units(document: Document, base: Mapping[int, int]) -> None:
    """Base units of every line: nothing is approved, shipped or delivered beyond what came before it."""
    for rows in counted(document):
        row = rows[0]
        if row.number not in base or any(x.errors for x in rows):
            continue
        f = line_facts(rows, document.rows[0], base[row.number], 0, {})
        checks = [(row, "approved", f.approved + f.cancelled, base[row.number]), (row, "shipped", f.shipped, f.approved)]
        checks += [(x, "delivered", part.delivered + part.undelivered, part.shipped) for x, part in zip(rows, f.parts, strict=False)]
        for each, name, value, most in checks:
            if value > most:
                each.refuse(name, _("%(value)s of %(most)s: more than came before it.") % {"value": value, "most": most})


def line_facts(rows: Sequence[Row], first: Row, ordered: int, position: int, locations: Mapping[str, int]) -> LineFacts:
    """What its rows say of a line, in base units; what they leave open is all there is."""
    cells = rows[0].cells
    cancelled = cells.get("cancelled") or 0
    rest = ordered - cancelled if first.cells.get("approved_at") else 0
    approved = rest if cells.get("approved") is None else cells["approved"]
    others = sum(row.cells.get("shipped") or 0 for row in rows[1:])
    parts = tuple(part_of(row, first, approved - others, locations) for row in rows) if cells.get("sku") else ()
    return LineFacts(position, approved, cancelled, parts)


def part_of(row: Row, first: Row, left: int, locations: Mapping[str, int]) -> Left:
    """What one row says of a part of its line; `left` is what left when it says that it did, but not how much."""
    cells = row.cells
    shipped_at, day = fact(row, first, "shipped_at"), fact(row, first, "delivered_date")
    undelivered = cells.get("undelivered") or 0
    shipped = (left if shipped_at else 0) if cells.get("shipped") is None else cells["shipped"]
    delivered = (shipped - undelivered if day else 0) if cells.get("delivered") is None else cells["delivered"]
    return Left(shipped, delivered, undelivered, shipped_at, locations.get(cells.get("shipped_from") or "", 0), day, fact(row, first, "proof") or "customer")


LINES = f"""
SELECT {FILE_NUMBER} AS "order", c.code AS customer, a.code AS ship_to, o.customer_po, o.po_repeats, o.requested_date, o.cancel_after,
       o.delivery_rule, o.shortage_rule, o.criticality, o.instructions, o.notes, o.submitted_at AS ordered_at,
       coalesce(o.approved_at, d.at) AS approved_at, coalesce(d.username, '') AS approved_by,
       CASE WHEN o.status = 'cancelled' THEN (SELECT max(t.at) FROM orders_ordertransition t WHERE t.order_id = o.id) END AS cancelled_at,
       p.sku, l.quantity_ordered AS quantity, l.unit_price, l.net, l.discount, l.no_split,
       CASE WHEN l.product_id IS NULL THEN l.description ELSE '' END AS charge,
       l.quantity_approved AS approved, l.quantity_cancelled AS cancelled, o.id, l.id AS line
FROM orders_order o JOIN orders_orderline l ON l.order_id = o.id JOIN customers_customer c ON c.id = o.customer_id
JOIN customers_address a ON a.id = o.ship_to_id LEFT JOIN inventory_product p ON p.id = l.product_id
LEFT JOIN LATERAL (SELECT x.at, u.username FROM orders_approval x LEFT JOIN oms_user u ON u.id = x.by_id
                   WHERE x.order_id = o.id AND EXISTS (SELECT FROM orders_approvalline y WHERE y.approval_id = x.id) ORDER BY x.id LIMIT 1) d ON true
WHERE o.id > %(after)s AND o.id <= %(last)s AND o.status NOT IN ('draft', 'discarded')
ORDER BY o.id, l.product_id IS NULL, l.position
"""
PARTS = """
SELECT sl.line_id, sum(sl.quantity), sum(sl.delivered), sum(sl.undelivered), s.shipped_at, loc.code, max(v.day), (array_agg(v.proof ORDER BY v.day DESC, v.id DESC))[1]
FROM orders_shipmentline sl JOIN orders_shipment s ON s.id = sl.shipment_id JOIN inventory_storagelocation loc ON loc.id = s.location_id
LEFT JOIN LATERAL (SELECT v.id, v.day, v.proof FROM orders_arrival v WHERE v.shipment_line_id = sl.id AND v.quantity > 0 ORDER BY v.day DESC, v.id DESC LIMIT 1) v ON true
WHERE sl.posted AND sl.order_id > %(after)s AND sl.order_id <= %(last)s
GROUP BY sl.line_id, s.id, loc.code ORDER BY sl.line_id, s.shipped_at, s.id
"""
PART = ("shipped", "delivered", "undelivered", "shipped_at", "shipped_from", "delivered_date", "proof")
AT_ONCE = 1_000


def export(head: frozenset[str]) -> Iterator[dict[str, Any]]:
    """Every order that was submitted, line by line, with what was decided, left and arrived; drafts take nothing and stay here.

    Returns, holds, allocations and promises are not told.
    """
    after, most = 0, Order.objects.aggregate(n=Max("pk"))["n"] or 0
    while after < most:
        with connection.cursor() as cursor:
            cursor.execute("SELECT max(id) FROM (SELECT id FROM orders_order WHERE id > %s ORDER BY id LIMIT %s) x", [after, AT_ONCE])
            last = cursor.fetchone()[0]
            cursor.execute(LINES, {"after": after, "last": last})
            names = [column.name for column in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            cursor.execute(PARTS, {"after": after, "last": last})
            parts: dict[int, list[dict[str, Any]]] = {}
            for line, *values in cursor.fetchall():
                parts.setdefault(line, []).append(dict(zip(PART, values, strict=True)))
        for _order, lines in groupby(rows, key=lambda row: row["id"]):
            yield from told(list(lines), parts, head)
        after = last


def told(lines: list[dict[str, Any]], parts: Mapping[int, list[dict[str, Any]]], names: frozenset[str]) -> Iterator[dict[str, Any]]:
    """One order's rows: the head on the first, facts where there are any, the further parts of a line below it."""
    head = {name: lines[0].get(name) for name in names} | {"invoices": any(x["line"] in parts for x in lines) or None}
    undecided = not any(x["approved"] for x in lines) and any(x["approved"] + x["cancelled"] < x["quantity"] for x in lines)
    if undecided and head["cancelled_at"] is None:
        head |= {"approved_at": None, "approved_by": ""}
    for n, x in enumerate(lines):
        charge = x["charge"] != ""
        row = {"order": x["order"], "sku": x["sku"] or "", "charge": x["charge"], "price": x["net"] if charge else x["unit_price"],
               "quantity": None if charge else x["quantity"], "discount": x["discount"] or None, "no_split": x["no_split"]}  # fmt: skip
        first, *more = parts.get(x["line"], [{"shipped": 0, "delivered": 0, "undelivered": 0}])
        if head["cancelled_at"] is None and (head["approved_at"] or x["cancelled"]):
            row |= {"approved": x["approved"], "cancelled": x["cancelled"], **first}
        yield {**(head if n == 0 else {}), **row}
        yield from ({"order": x["order"], **part} for part in more)
