"""How a company is copied: what each table is, and the value every column has in a copy. Pure: it writes SQL.

A base company has lived a year through the use cases. Everything a customer, a product or an order brought into being is
copied with its keys moved by a fixed stride, so that whatever adds up in the base adds up in every copy. Customers and
products are copied once a world; the orders of a world `times` over, in which the world's counters count `times` as much.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# Copied once a world; their counters grow with the copies of the world's orders.
WORLD: Mapping[str, tuple[str, ...]] = {
    "customers_customer": (), "customers_address": (), "customers_contact": (), "customers_customerpost": (), "customers_activity": (),
    "inventory_product": ("reorder_level",), "inventory_unit": (), "inventory_substitute": (), "orders_price": (),
    "inventory_availability": ("safety", "free", "shortfall"),
    "inventory_balance": ("on_hand", "allocated", "blocked", "version"),
    "payments_creditaccount": ("limit", "reserved", "receivable", "unapplied", "credits", "deposits", "amount_overdue"),
    "payments_accountmember": (),
    "payments_payeraccount": ("uses",),
    "reporting_figure": ("ordered", "approved", "delivered", "cost", "invoiced", "collected", "returned", "credited", "units_ordered",
                         "units_delivered", "lines_due", "lines_on_time", "units_due", "units_on_time"),
}  # fmt: skip

# Copied with every copy of the orders.
LEDGER = (
    "oms_event", "oms_eventsubject", "oms_eventnote", "oms_delivery", "oms_mail",
    "inventory_expectedreceipt", "inventory_movement",
    "orders_order", "orders_orderline", "orders_ordertransition", "orders_approval", "orders_approvalline", "orders_hold",
    "orders_liveplan", "orders_scheduleline", "orders_promise", "orders_allocation", "orders_shipment", "orders_shipmentline", "orders_arrival",
    "payments_bankline", "payments_payment", "payments_application", "payments_invoice", "payments_invoiceline", "payments_invoicetax",
    "payments_creditentry", "payments_receivableentry",
)  # fmt: skip

# May grow in the base's year and stays one: chains and marks that span copies, and what is only of the run.
OF_ALL = {"oms_seal", "oms_numberseries", "oms_idempotencykey", "reporting_figuremark"}

# An object of another table that a column names without a foreign key.
REFERENCES: Mapping[tuple[str, str], str] = {
    ("inventory_movement", "reference_order"): "orders_order", ("inventory_movement", "reference_line"): "orders_orderline",
    ("payments_invoice", "order_id"): "orders_order", ("payments_invoice", "shipment_id"): "orders_shipment",
    ("payments_invoiceline", "order_line_id"): "orders_orderline", ("oms_mail", "customer_id"): "customers_customer",
}  # fmt: skip

# Kinds of subjects, and the tables of those that are copied.
SUBJECTS: Mapping[str, str] = {
    "order": "orders_order", "shipment": "orders_shipment", "invoice": "payments_invoice", "payment": "payments_payment",
    "customer": "customers_customer", "credit_account": "payments_creditaccount", "product": "inventory_product",
}  # fmt: skip

# Numbers that people read: the digits at the end move with the key of the row, or with the length of the series.
BY_KEY = {("orders_order", "number"): "orders_order", ("orders_shipment", "number"): "orders_shipment",
          ("payments_invoice", "order_number"): "orders_order", ("payments_invoice", "shipment_number"): "orders_shipment"}  # fmt: skip
SERIES = {("payments_invoice", "number"): "payments_invoice", ("payments_payment", "number"): "payments_payment"}

# Texts that are unique, told apart by world or by copy.
BY_WORLD = {("customers_customer", "code"), ("customers_customer", "name"), ("inventory_product", "sku"), ("inventory_product", "name")}
BY_COPY = {("inventory_expectedreceipt", "reference"), ("oms_mail", "key"), ("orders_order", "customer_po"), ("payments_invoice", "customer_po"),
           ("inventory_movement", "source"), ("orders_shipment", "tracking_number")}  # fmt: skip

NEW = {("oms_event", "xid"): "pg_current_xact_id()"}

HELPERS = r"""
CREATE OR REPLACE FUNCTION pg_temp.renumbered(text, bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT regexp_replace($1, '\d+$', '') || lpad(n, greatest(length(n), length(substring($1 from '\d+$'))), '0')
    FROM (SELECT (substring($1 from '\d+$')::bigint + $2)::text AS n) moved
$$;
"""


@dataclass(frozen=True)
class Column:
    """`target` is the table it is a foreign key to; `kind` the type."""

    name: str
    kind: str
    target: str = ""


@dataclass(frozen=True)
class Base:
    """What the copies are made of: the stride of keys, the last event of the setting up (which stays one), rows by series,
    and the name of each table's primary key."""

    stride: int
    last_event: int
    series: Mapping[str, int]
    keys: Mapping[str, str]


def moved(table: str, key: str, base: Base) -> str:
    """SQL of a key of `table` in the copy `j` of world `w`."""
    if table == "oms_event":
        return f"CASE WHEN {key} > {base.last_event} THEN {key} + j * {base.stride}::bigint ELSE {key} END"
    if table in LEDGER:
        return f"{key} + j * {base.stride}::bigint"
    return f"{key} + w * {base.stride}::bigint" if table in WORLD else key


def value(table: str, column: Column, base: Base) -> str:
    """SQL of a column of row `r` in a copy: `w` the world, `j` the copy, `i` the copy within its world, `times` of them."""
    at, name = (table, column.name), f'r."{column.name}"'
    if at in NEW:
        return NEW[at]
    if column.name == "id":
        return moved(table, name, base)
    if column.target or at in REFERENCES:
        return moved(column.target or REFERENCES[at], name, base)
    if at in BY_KEY:
        return f"CASE WHEN {name} = '' THEN '' ELSE pg_temp.renumbered({name}, j * {base.stride}::bigint) END"
    if at in SERIES:
        return f"pg_temp.renumbered({name}, j * {base.series[table]}::bigint)"
    if column.name == "serial":
        return f"{name} + j * {base.series[table]}"
    if at in BY_WORLD:
        return f"{name} || ' ' || w" if column.name == "name" else f"{name} || '-' || w"
    if at in BY_COPY:
        return f"CASE WHEN {name} = '' THEN '' ELSE {name} || '-' || j END"
    return special(table, column, base) or name


def special(table: str, column: Column, base: Base) -> str:
    """SQL of the few columns that are like no other; empty when it is none of them."""
    name = f'r."{column.name}"'
    kinds = " ".join(f"WHEN '{kind}' THEN {moved(target, name, base)}" for kind, target in SUBJECTS.items())
    counted = f"(SELECT version FROM pg_temp.counted WHERE id = {'r.balance_id'})"
    documents = {"invoice": "payments_invoice", "payment": "payments_payment"}
    return {
        ("oms_eventsubject", "object_id"): f"CASE r.kind {kinds} ELSE {name} END",
        ("oms_mail", "subject_id"): f"CASE r.subject_kind {kinds} ELSE {name} END",
        ("payments_creditentry", "reference_id"): f"CASE r.reference_kind {kinds} ELSE {name} END",
        ("inventory_movement", "version"): f"{name} + i * {counted}",
        ("payments_bankline", "text_hash"): f"substr(sha256({name} || j::text::bytea), 1, length({name}))",
        ("payments_receivableentry", "document_id"): f"{name} + j * {base.stride}::bigint",
        ("payments_receivableentry", "document_number"):
            f"pg_temp.renumbered({name}, j * (CASE r.kind "
            + " ".join(f"WHEN '{kind}' THEN {base.series[of]}" for kind, of in documents.items()) + " END)::bigint)",
    }.get((table, column.name), "")  # fmt: skip


def grown(column: Column) -> str:
    """SQL of a counter of row `r` that counts `times` as much."""
    name = f'r."{column.name}"'
    if column.kind.endswith("[]"):
        return f"(SELECT array_agg(x * times ORDER BY n) FROM unnest({name}) WITH ORDINALITY AS t(x, n))"
    return f"{name} * times"


def copy_world(table: str, columns: Sequence[Column], base: Base) -> str:
    """INSERT of a table of the world `%(w)s`, from the rows of the base."""
    counters = WORLD[table]
    values = [grown(c) if c.name in counters else value(table, c, base) for c in columns]
    names = ", ".join(f'"{c.name}"' for c in columns)
    return (f"INSERT INTO {table} ({names}) SELECT {', '.join(values)} FROM {table} r, "
            f"(SELECT %(w)s::bigint AS w, %(times)s::bigint AS times, 0 AS j) n WHERE {of_base(table, base)}")  # fmt: skip


def copy_ledger(table: str, columns: Sequence[Column], base: Base) -> str:
    """INSERT of a table's copies of the world `%(w)s`; the base is the first of the first world's."""
    values = [value(table, c, base) for c in columns]
    names = ", ".join(f'"{c.name}"' for c in columns)
    return (f"INSERT INTO {table} ({names}) SELECT {', '.join(values)} FROM {table} r, "
            "(SELECT %(w)s::bigint AS w, i, %(w)s * %(times)s::bigint + i AS j FROM generate_series(0, %(times)s - 1) i) n "
            f"WHERE j > 0 AND {of_base(table, base)}")  # fmt: skip


def of_base(table: str, base: Base) -> str:
    """Which rows `r` are the base's own."""
    if table in ("oms_event", "oms_eventsubject", "oms_eventnote", "oms_delivery"):
        key = "id" if table == "oms_event" else "event_id"
        return f"r.{key} > {base.last_event} AND r.{key} <= {base.stride}"
    return f"r.{base.keys[table]} <= {base.stride}"


def grow_base(table: str, columns: Sequence[Column], base: Base) -> str:
    """UPDATE of the first world's counters; empty for a table without."""
    counters = [c for c in columns if c.name in WORLD[table]]
    if not counters:
        return ""
    sets = ", ".join(f'"{c.name}" = {grown(c)}' for c in counters)
    return f"UPDATE {table} r SET {sets} FROM (SELECT %(times)s::bigint AS times) n WHERE {of_base(table, base)}"
