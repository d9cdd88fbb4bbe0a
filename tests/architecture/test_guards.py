"""Every guard by name against a list kept by hand, and every ledger met by who might change it.

After a migration that adds a guard: `OMS_WRITE_GUARDS=1 python -m pytest tests/architecture/test_guards.py` adds its
line to guards.txt; a line that disappears there is a wall taken down, and must be meant.
"""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.db.models import CheckConstraint

from inventory.stock.services import Change, Counted, adjust, count
from inventory.transfers.services import Sent, Wanted, request_transfer, ship_transfer
from oms.changes.services import confirm
from oms.runtime.roles import LEDGERS
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.domain.amending import Amendment, LineChange
from orders.entry.services import amend, submit
from orders.models import OrderLine
from payments.billing.services import charge_fee, propose_credit, propose_refund, propose_write_off
from payments.models import CreditNote, Invoice
from tests.journeys import test_order_to_cash as journey
from tests.world import World

LIST = Path(__file__).with_name("guards.txt")
OURS = ("oms", "customers", "inventory", "payments", "orders", "reporting")

GUARDS = """
SELECT 'trigger ' || t.tgrelid::regclass || ' ' || t.tgname || ' ' || t.tgenabled::text
FROM pg_trigger t WHERE NOT t.tgisinternal
UNION ALL
SELECT CASE contype WHEN 'c' THEN 'check ' WHEN 'x' THEN 'exclude ' ELSE 'key ' END || conrelid::regclass || ' ' || conname
FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND (contype IN ('c', 'x') OR contype = 'f' AND cardinality(conkey) > 1)
UNION ALL
SELECT 'unique ' || i.indrelid::regclass || ' ' || c.relname
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indisunique AND NOT i.indisprimary AND c.relnamespace = 'public'::regnamespace
"""


def guards() -> list[str]:
    """Every guard of our tables as a line: kind, table, name, and for triggers when they fire."""
    with connection.cursor() as cursor:
        cursor.execute(GUARDS)
        rows = [row[0] for row in cursor.fetchall()]
    return sorted(row for row in rows if row.split()[1].split("_")[0] in OURS)


@pytest.mark.django_db
def test_no_guard_was_dropped_or_switched_off_and_none_is_unlisted() -> None:
    found = guards()
    if "OMS_WRITE_GUARDS" in os.environ:
        LIST.write_text("\n".join(found) + "\n")
    listed = LIST.read_text().splitlines()
    assert sorted(set(listed) - set(found)) == [], "guards that are gone or changed"
    assert sorted(set(found) - set(listed)) == [], "guards not in guards.txt yet: see the top of this file"


@pytest.mark.django_db
def test_every_trigger_fires_always() -> None:
    assert [line for line in guards() if line.startswith("trigger") and not line.endswith(" A")] == []


@pytest.mark.django_db
def test_every_check_of_a_model_stands_in_the_database() -> None:
    wanted = {
        f"check {m._meta.db_table} {c.name}"
        for label in OURS for m in apps.get_app_config(label).get_models()
        for c in m._meta.constraints if isinstance(c, CheckConstraint)
    }  # fmt: skip
    assert len(wanted) > 40
    assert sorted(wanted - set(guards())) == []


def test_a_dropped_or_disabled_guard_is_seen(superuser: Any, live_db: str) -> None:
    """The red control of the list above, on a database of its own."""
    with superuser() as server:
        server.execute("ALTER TABLE orders_orderline DROP CONSTRAINT line_issued_within_approved")
        server.execute("ALTER TABLE orders_order DISABLE TRIGGER order_status_edge")
    gone = set(LIST.read_text().splitlines()) - set(guards())
    assert gone == {"check orders_orderline line_issued_within_approved", "trigger orders_order order_status_edge A"}


def ledgers() -> list[str]:
    """Every append-only table, as the database itself says."""
    with connection.cursor() as cursor:
        cursor.execute(LEDGERS)
        return [row[0] for row in cursor.fetchall()]


def rows_of(table: str) -> list[Any]:
    """All rows of a table."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} ORDER BY 1")
        return cursor.fetchall()


@pytest.fixture
def filled(live_db: str, superuser: Any, capsys: Any) -> list[str]:
    """The ledgers after an order's whole way to cash; the few it does not fill get a row by a superuser."""
    world = World.make()
    journey.test_from_order_to_cash(world, capsys)
    give_back(world)
    move_stock(world)
    change_price(world)
    with superuser() as server:
        for table in ledgers():
            if not rows_of(table):
                server.execute("SET session_replication_role = replica")
                fill(server, table)
    return ledgers()


def give_back(world: World) -> None:
    """A credit note of the paid invoice, and its refund; a fee that is written off."""
    invoice = Invoice.objects.filter(applied__gt=0).order_by("pk")[0]
    for change in (lambda: propose_credit(invoice.pk, "test", amount=invoice.total, by=world.finance),
                   lambda: propose_refund(CreditNote.objects.get().pk, CreditNote.objects.get().left, "test", by=world.finance),
                   lambda: propose_write_off(charge_fee(invoice.customer_id, Decimal(5), "test", by=world.finance), Decimal(5), "test", by=world.finance)):
        confirm(change().pk, by=world.manager)


def move_stock(world: World) -> None:
    """A transfer that left, an adjustment, a count."""
    product = world.products["A"].pk
    adjust(world.turin, [Change(product, "", "", -1)], "loss", by=world.warehouse)
    count(world.turin, [Counted(product, "", "", 49)], by=world.warehouse)
    made = request_transfer(world.lyon, world.turin, [Wanted(product, 1)], by=world.warehouse)
    ship_transfer(made.pk, [Sent(product, 1)], by=world.warehouse)


def change_price(world: World) -> None:
    """A price that was amended."""
    made = submit(EntryRequest("ACME", (LineRequest("A", Decimal(5)),), "web"), by=world.sales)
    line = OrderLine.objects.get(order_id=made.order_id)
    amend(line.order_id, Amendment((LineChange(line.pk, price=Decimal(9)),), reason="test"), by=world.sales, version=line.order.version)


def fill(server: psycopg.Connection[Any], table: str) -> None:
    """One row of empty values that names nothing there is, foreign keys unchecked."""
    empty = {"text": "''", "bytea": "''", "jsonb": "'{}'", "date": "'2020-01-01'", "timestamp with time zone": "now()",
             "boolean": "false", "ARRAY": "'{}'", "character varying": "''", "xid8": "'3'", "bigint": "900000001"}  # fmt: skip
    columns = server.execute(
        "SELECT column_name, data_type FROM information_schema.columns "
        "WHERE table_name = %s AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'", [table],
    ).fetchall()  # fmt: skip
    names, values = ", ".join(f'"{c}"' for c, _t in columns), ", ".join(empty.get(t, "1") for _c, t in columns)
    server.execute(f"INSERT INTO {table} ({names}) VALUES ({values})")


def changes(table: str) -> list[str]:
    """Every way to change what was written: a column onto itself is a change too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position", [table])
        column = cursor.fetchall()[-1][0]
    return [f'UPDATE {table} SET "{column}" = "{column}"', f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"]


def test_no_row_of_any_ledger_is_changed_by_app_owner_or_replica(filled: list[str], owner: Any, superuser: Any) -> None:
    assert len(filled) >= 13 and {"oms_event", "orders_ordertransition", "inventory_movement", "payments_creditentry"} <= set(filled)
    before = {table: rows_of(table) for table in filled}
    assert [table for table in filled if not before[table]] == []
    statements = [(table, sql) for table in filled for sql in changes(table)]
    for _table, sql in statements:
        with pytest.raises(DatabaseError) as refused, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
        assert refused.value.__cause__.sqlstate == "42501", sql
    with owner() as normal, superuser() as replica:
        replica.execute("SET session_replication_role = replica")
        replica.execute("SET ROLE oms_owner")
        for server in (normal, replica):
            for table, sql in statements:
                with pytest.raises(psycopg.errors.CheckViolation) as stopped:
                    server.execute(sql)
                assert "append-only" in str(stopped.value), (table, sql)
    assert {table: rows_of(table) for table in filled} == before
