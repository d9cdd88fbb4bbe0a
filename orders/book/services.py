"""Parts that write the book: new orders as arrays, quantities as guarded deltas, status by its one door."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, connection
from django.utils.translation import gettext as _

from oms.events.services import current, write
from oms.kernel.errors import Conflict, NotFound, OMSError
from oms.kernel.sqlrows import Part, insert, relation
from orders.book.lifecycle import ORDER
from orders.book.models import Order


@dataclass(frozen=True)
class NewOrder:
    """A row of the book to be; field names are the columns of orders_order."""

    id: int
    number: str
    status: str
    channel: str
    external_id: str
    customer_id: int
    payer_id: int
    ship_to_id: int
    currency_id: str
    customer_po: str
    po_repeats: bool
    requested_date: date
    cancel_after: date | None
    delivery_rule: int
    max_shipments: int
    shortage_rule: str
    customer_class: int
    criticality: int
    instructions: str
    notes: str
    net: Decimal
    tax: Decimal
    total: Decimal
    policy_version: int | None
    content_hash: bytes | None
    claim_expires_at: datetime | None
    entered_by_id: int
    entered_at: datetime
    submitted_by_id: int | None
    submitted_at: datetime | None
    undecided_since: datetime | None
    approved_at: datetime | None


@dataclass(frozen=True)
class NewLine:
    """A row of orders_orderline to be; quantities in base units."""

    id: int
    order_id: int
    position: int
    kind: str
    product_id: int | None
    description: str
    entered_quantity: Decimal
    entered_unit: str
    no_split: bool
    rank_date: date
    unit_price: Decimal
    price_unit: int
    discount: Decimal
    price_source: str
    unit_cost: Decimal
    net: Decimal
    tax_category: str
    tax_rate: Decimal
    quantity_ordered: int
    quantity_approved: int
    quantity_cancelled: int
    extends_line_id: int | None = None


ORDER_COLUMNS = {
    "id": "bigint", "number": "text", "status": "text", "channel": "text", "external_id": "text",
    "customer_id": "bigint", "payer_id": "bigint", "ship_to_id": "bigint", "currency_id": "text",
    "customer_po": "text", "po_repeats": "boolean", "requested_date": "date", "cancel_after": "date",
    "delivery_rule": "smallint", "max_shipments": "smallint", "shortage_rule": "text", "customer_class": "smallint",
    "criticality": "smallint", "instructions": "text", "notes": "text", "net": "numeric", "tax": "numeric",
    "total": "numeric", "policy_version": "int", "content_hash": "bytea", "claim_expires_at": "timestamptz",
    "entered_by_id": "bigint", "entered_at": "timestamptz", "submitted_by_id": "bigint",
    "submitted_at": "timestamptz", "undecided_since": "timestamptz", "approved_at": "timestamptz",
}  # fmt: skip

LINE_COLUMNS = {
    "id": "bigint", "order_id": "bigint", "position": "smallint", "kind": "text", "product_id": "bigint",
    "description": "text", "entered_quantity": "numeric", "entered_unit": "text", "no_split": "boolean",
    "rank_date": "date", "unit_price": "numeric", "price_unit": "int", "discount": "numeric", "price_source": "text",
    "unit_cost": "numeric", "net": "numeric", "tax_category": "text", "tax_rate": "numeric",
    "quantity_ordered": "bigint", "quantity_approved": "bigint", "quantity_cancelled": "bigint",
    "extends_line_id": "bigint",
}  # fmt: skip

TRANSITION_COLUMNS = {
    "order_id": "bigint", "source": "text", "target": "text", "by_id": "bigint", "at": "timestamptz",
    "event_id": "bigint",
}  # fmt: skip

PAYLOAD_COLUMNS = {"order_id": "bigint", "content_type": "text", "body": "bytea"}

QUANTITIES = frozenset(
    ("approved", "cancelled", "allocated", "shipped", "delivered", "undelivered", "returned", "invoiced")
)

# What a violated wall of the book means to a person.
REFUSALS = {
    "order_external_once": ("duplicate_external_id", _("This order was already received under this external id.")),
    "order_file_once": ("duplicate_external_id", _("This order of the customer was already received by file.")),
    "order_customer_po_once": (
        "duplicate_customer_po",
        _("The customer's order number was used before; mark the order as a repeat, with a reason, to use it again."),
    ),
    "line_issued_within_approved": ("above_approved", _("More than approved would be allocated or shipped.")),
    "line_approved_within_ordered": ("above_ordered", _("More than ordered would be approved or cancelled.")),
    "line_invoiced_within_shipped": ("above_shipped", _("More than shipped would be invoiced.")),
    "line_not_negative": ("below_zero", _("A quantity would fall below zero.")),
    "line_shipped_keeps_price": ("not_invoiced", _("What is shipped keeps its price until its invoice is written.")),
    "line_delivered_within_shipped": ("above_shipped", _("More than shipped would be delivered.")),
}


def refusal(error: IntegrityError) -> OMSError | None:
    """The domain error for a violated constraint of the book, or None when it is not one of ours."""
    diag = getattr(error.__cause__, "diag", None)
    known = REFUSALS.get(getattr(diag, "constraint_name", None) or "")
    return Conflict(known[1], code=known[0]) if known else None


@contextmanager
def booking() -> Iterator[None]:
    """Writing the book inside raises Conflict `duplicate_external_id`, `duplicate_customer_po`, `above_approved` …"""
    try:
        yield
    except IntegrityError as error:
        if refused := refusal(error):
            raise refused from error
        raise


def booked(
    orders: Sequence[NewOrder],
    lines: Sequence[NewLine],
    transitions: Sequence[tuple[int, str, str, int, datetime, int]],
    payloads: Sequence[tuple[int, str, bytes]] = (),
) -> list[Part]:
    """New orders, their lines, every status step (order, source, target, by, at, event) and raw payloads, to be written.

    For any number of orders, within `booking`.
    """
    return [
        insert("orders", "orders_order", ORDER_COLUMNS, [tuple(vars(o).values()) for o in orders]),
        insert("lines", "orders_orderline", LINE_COLUMNS, [tuple(vars(x).values()) for x in lines]),
        insert("steps", "orders_ordertransition", TRANSITION_COLUMNS, transitions),
        *([insert("payloads", "orders_orderpayload", PAYLOAD_COLUMNS, payloads)] if payloads else []),
    ]


# What a draft keeps when it is entered anew; its status and steps go through `transition_to`.
KEPT = frozenset({"id", "number", "status", "entered_by_id", "entered_at", "submitted_by_id", "submitted_at", "approved_at"})


def rebook(order: NewOrder, lines: Sequence[NewLine], standing: Mapping[int, int]) -> None:
    """Part: write a locked draft's columns and lines anew; its status stays.

    `standing` maps its line ids to their positions: those among `lines` are rewritten in place, the others of them are
    cancelled whole (their promises were told), new ones come after. Raises Conflict `duplicate_customer_po`. Three statements.
    """
    current()
    kept, sets = ("id", "order_id", "position"), [c for c in LINE_COLUMNS if c not in ("id", "order_id", "position")]
    last = max(standing.values(), default=0)
    born = [replace(x, position=last + n) for n, x in enumerate((x for x in lines if x.id not in standing), 1)]
    source, again = relation("r", LINE_COLUMNS, [tuple(vars(x).values()) for x in lines if x.id in standing])
    assert set(LINE_COLUMNS) == {*kept, *sets}
    head = {c: v for c, v in vars(order).items() if c not in KEPT}
    update = f"UPDATE orders_orderline x SET {', '.join(f'{c} = r.{c}' for c in sets)} FROM {source} WHERE x.id = r.id AND x.order_id = r.order_id"
    with booking(), connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE orders_order SET {', '.join(f'{c} = %({c})s' for c in head)}, version = version + 1 WHERE id = %(id)s",
            {**head, "id": order.id},
        )
        cursor.execute(
            "UPDATE orders_orderline SET quantity_cancelled = quantity_ordered WHERE order_id = %s AND id = ANY(%s)",
            [order.id, sorted(set(standing) - {x.id for x in lines})],
        )
        write(Part("r", update, again), insert("lines", "orders_orderline", LINE_COLUMNS, [tuple(vars(x).values()) for x in born]))


def add_lines(lines: Sequence[NewLine]) -> None:
    """Part: new lines of locked orders, approved 0 (the database refuses more), after the last position. One statement."""
    write(insert("lines", "orders_orderline", LINE_COLUMNS, [tuple(vars(x).values()) for x in lines]))


# The update reads the lines as they were before; its guard, at the statement's end, sees the change that is kept here.
REPRICE = """
WITH n AS (
    SELECT * FROM unnest(%(ids)s::bigint[], %(prices)s::numeric[], %(discounts)s::numeric[], %(nets)s::numeric[]) AS n(id, price, discount, net)
), kept AS (
    INSERT INTO orders_pricechange (line_id, old_price, old_discount, old_net, old_source, price, discount, net, source, by_id, at, event_id)
    SELECT line.id, line.unit_price, line.discount, line.net, line.price_source, n.price, n.discount, n.net, %(source)s, %(by)s, %(at)s, %(event)s
    FROM orders_orderline line JOIN n ON line.id = n.id ORDER BY line.id
)
UPDATE orders_orderline line SET unit_price = n.price, discount = n.discount, net = n.net, price_source = %(source)s
FROM n WHERE line.id = n.id
"""


def reprice(terms: Mapping[int, tuple[Decimal, Decimal, Decimal]], source: str, event_id: int) -> None:
    """Part: {line: (unit price, discount, net)} of locked orders from `source`, old and new kept; no stock is touched. One statement."""
    cmd = current()
    columns = list(zip(*terms.values(), strict=True)) if terms else [(), (), ()]
    with connection.cursor() as cursor:
        cursor.execute(REPRICE, {"ids": list(terms), "prices": list(columns[0]), "discounts": list(columns[1]), "nets": list(columns[2]),
                                 "source": source, "by": cmd.by.pk, "at": cmd.at, "event": event_id})  # fmt: skip


def set_tax(rules: Mapping[int, tuple[str, Decimal]]) -> None:
    """Part: {line: (category, rate)} of locked orders whose lines had no tax rule. One statement, none without lines."""
    current()
    if not rules:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE orders_orderline line SET tax_category = n.category, tax_rate = n.rate "
            "FROM unnest(%s::bigint[], %s::text[], %s::numeric[]) AS n(id, category, rate) "
            "WHERE line.id = n.id AND line.tax_category = ''",
            [list(rules), [category for category, _rate in rules.values()], [rate for _category, rate in rules.values()]],
        )


def add(deltas: Mapping[str, Mapping[int, int]]) -> None:
    """Add to quantities of lines: {"approved": {line_id: +40}, "allocated": {line_id: -40}}; one guarded statement.

    The lines' orders must be locked by the caller; the CHECKs are the guard (Conflict `above_approved` …).
    """
    current()
    assert QUANTITIES.issuperset(deltas), deltas.keys()
    ids = sorted({line for each in deltas.values() for line in each})
    if not ids:
        return
    names = sorted(deltas)
    arrays = ", ".join(f"%({n})s::bigint[]" for n in names)
    sets = ", ".join(f"quantity_{n} = line.quantity_{n} + d.{n}" for n in names)
    parameters: dict[str, Any] = {n: [deltas[n].get(i, 0) for i in ids] for n in names}
    sql = (
        f"UPDATE orders_orderline line SET {sets} "
        f"FROM unnest(%(ids)s::bigint[], {arrays}) AS d(id, {', '.join(names)}) WHERE line.id = d.id"
    )
    with booking(), connection.cursor() as cursor:
        cursor.execute(sql, {"ids": ids, **parameters})
        if cursor.rowcount != len(ids):
            raise NotFound(_("A line does not exist."), code="line_missing", lines=ids)


def transition_to(order: Order, target: str, event_id: int, **stamps: Any) -> None:
    """The only door to a status: checks the table, writes status, stamps and the history row (two statements).

    `order` is locked and fresh; `stamps` are columns that go with the step (approved_at …). Raises Conflict
    `illegal_transition`.
    """
    cmd = current()
    ORDER.check(order.status, target)
    source = order.status
    columns = {"status": target, **stamps}
    sets = ", ".join(f"{c} = %({c})s" for c in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE orders_order SET {sets}, version = version + 1 WHERE id = %(id)s", {"id": order.pk, **columns}
        )
        cursor.execute(
            "INSERT INTO orders_ordertransition (order_id, source, target, by_id, at, event_id) "
            "VALUES (%s, %s, %s, %s, %s, %s)",
            [order.pk, source, target, cmd.by.pk, cmd.at, event_id],
        )
    for column, value in columns.items():
        setattr(order, column, value)
    order.version += 1


def subjects(order_id: int, customer_id: int, more: Iterable[tuple[str, int]] = ()) -> list[tuple[str, int]]:
    """The timelines an order's event belongs to."""
    return [("order", order_id), ("customer", customer_id), *more]
