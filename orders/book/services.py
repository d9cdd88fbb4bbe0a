"""Parts that write the book: new orders as arrays, quantities as guarded deltas, status by its one door."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, connection
from django.utils.translation import gettext as _

from oms.events.services import current
from oms.kernel.errors import Conflict, NotFound, OMSError
from oms.kernel.sqlrows import insert
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


ORDER_COLUMNS = {
    "id": "bigint", "number": "text", "status": "text", "channel": "text", "external_id": "text",
    "customer_id": "bigint", "payer_id": "bigint", "ship_to_id": "bigint", "currency_id": "text",
    "customer_po": "text", "po_repeats": "boolean", "requested_date": "date", "cancel_after": "date",
    "delivery_rule": "smallint", "max_shipments": "smallint", "shortage_rule": "text", "customer_class": "smallint",
    "criticality": "smallint", "instructions": "text", "notes": "text", "net": "numeric", "tax": "numeric",
    "total": "numeric", "policy_version": "int", "content_hash": "bytea", "claim_expires_at": "timestamptz",
    "entered_by_id": "bigint", "entered_at": "timestamptz", "submitted_by_id": "bigint",
    "submitted_at": "timestamptz", "approved_at": "timestamptz",
}  # fmt: skip

LINE_COLUMNS = {
    "id": "bigint", "order_id": "bigint", "position": "smallint", "kind": "text", "product_id": "bigint",
    "description": "text", "entered_quantity": "numeric", "entered_unit": "text", "no_split": "boolean",
    "rank_date": "date", "unit_price": "numeric", "price_unit": "int", "discount": "numeric", "price_source": "text",
    "unit_cost": "numeric", "net": "numeric", "tax_category": "text", "tax_rate": "numeric",
    "quantity_ordered": "bigint", "quantity_approved": "bigint", "quantity_cancelled": "bigint",
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
    "order_customer_po_once": (
        "duplicate_customer_po",
        _("The customer's order number was used before; mark the order as a repeat, with a reason, to use it again."),
    ),
    "line_issued_within_approved": ("above_approved", _("More than approved would be allocated or shipped.")),
    "line_approved_within_ordered": ("above_ordered", _("More than ordered would be approved or cancelled.")),
    "line_invoiced_within_shipped": ("above_shipped", _("More than shipped would be invoiced.")),
    "line_not_negative": ("below_zero", _("A quantity would fall below zero.")),
    "line_delivered_within_shipped": ("above_shipped", _("More than shipped would be delivered.")),
}


def refusal(error: IntegrityError) -> OMSError | None:
    """The domain error for a violated constraint of the book, or None when it is not one of ours."""
    diag = getattr(error.__cause__, "diag", None)
    known = REFUSALS.get(getattr(diag, "constraint_name", None) or "")
    return Conflict(known[1], code=known[0]) if known else None


def book(
    orders: Sequence[NewOrder],
    lines: Sequence[NewLine],
    transitions: Sequence[tuple[int, str, str, int, datetime, int]],
    payloads: Sequence[tuple[int, str, bytes]] = (),
) -> None:
    """Write new orders, their lines, every status step (order, source, target, by, at, event) and raw payloads.

    One statement for any number of orders. Raises Conflict `duplicate_external_id`, `duplicate_customer_po`.
    """
    current()
    parts = [
        insert("o", "orders_order", ORDER_COLUMNS, [tuple(vars(o).values()) for o in orders]),
        insert("l", "orders_orderline", LINE_COLUMNS, [tuple(vars(x).values()) for x in lines]),
        insert("t", "orders_ordertransition", TRANSITION_COLUMNS, transitions),
        insert("p", "orders_orderpayload", PAYLOAD_COLUMNS, payloads),
    ]
    (o, line, t, p) = (sql for sql, _parameters in parts)
    parameters = {key: value for _sql, each in parts for key, value in each.items()}
    with connection.cursor() as cursor:
        try:
            cursor.execute(f"WITH o AS ({o}), l AS ({line}), t AS ({t}) {p}", parameters)
        except IntegrityError as error:
            raise refusal(error) or error from error


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
    with connection.cursor() as cursor:
        try:
            cursor.execute(sql, {"ids": ids, **parameters})
        except IntegrityError as error:
            raise refusal(error) or error from error
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
