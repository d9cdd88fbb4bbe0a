"""Make a company of any size: a base that lives a year through the use cases, then copies by the database.

Only for a database of its own: guards and foreign keys stand still while it copies (`verify` says afterwards whether all holds).
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
from django.db import connection
from django.db.models import F

from customers.parties.models import Customer
from inventory.catalog.models import Product, StorageLocation
from inventory.stock.services.facts import Opening, set_opening
from inventory.stock.services.receipts import expect_receipt
from oms.accounts.models import User
from oms.accounts.selectors import system_user
from oms.events.models import Event
from oms.events.relay import seal_all
from oms.events.tasks import drain_all
from oms.kernel.canonical import canonical, digest
from oms.kernel.errors import OMSError
from oms.kernel.rooms import modules
from orders.approval.services import decide
from orders.book.models import Order
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import submit
from orders.fulfilment.models import Shipment
from orders.fulfilment.services import deliver, release, ship
from orders.pricing.models import PriceList
from payments.bank.models import BankAccount
from payments.bank.services import NewBankLine, apply_line, record_bank_line
from payments.billing.models import BillingTerms, Invoice
from payments.credit.models import CreditAccount
from reporting.facts.services import count_marked
from reporting.volume.domain import (
    HELPERS,
    LEDGER,
    OF_ALL,
    SUBJECTS,
    WORLD,
    Base,
    Column,
    copy_ledger,
    copy_world,
    grow_base,
    of_base,
)

SET_UP_STEP = 50
DAYS = 364
LINES = (3, 4, 5, 6, 7)
STRIDE_UNIT = 1_000
CLERKS = {"FR": "sofia", "DE": "jonas"}  # Italy's post is vacant: nobody sells there


@dataclass(frozen=True)
class Size:
    """`orders` in all, of `customers`, copied from a base of `base` of which the share `open` is not released yet."""

    orders: int
    customers: int
    base: int
    open: float


Say = Callable[[str], None]


def fill_base(size: Size, say: Say) -> int:
    """The practice company's people, customers and products, and a year of orders through the use cases; the last event of setting up."""
    system = system_user()
    for module in sorted(modules("demo"), key=lambda m: m.STEP):
        if module.STEP <= SET_UP_STEP and module.__name__ != "inventory.stock.demo":
            module.fill(system)
    CreditAccount.objects.update(limit=F("limit") * 50 + 500_000, blocked=False, blocked_reason="")
    Customer.objects.update(prepay_share=0)  # everybody is billed by the shipment and pays afterwards: a life of few kinds is copied
    BillingTerms.objects.all().delete()
    PriceList.objects.update(valid_from=date.today() - timedelta(days=2 * DAYS))
    stock(size.base, system)
    drain_all()
    last, before = Event.objects.order_by("-pk").values_list("pk", flat=True)[0], lengths()
    people = {u.username: u for u in User.objects.all()}
    now = datetime.now(UTC).replace(hour=9, minute=15, second=0, microsecond=0)
    chance, skus = random.Random(5), list(Product.objects.order_by("sku").values_list("sku", flat=True))
    clerks = {c.code: people[CLERKS[country]] for c in Customer.objects.prefetch_related("addresses").order_by("code")
              if (country := c.addresses.all()[0].country) in CLERKS}  # fmt: skip
    live = round(size.base * (1 - size.open))
    for n in range(size.base):
        enter(n, now - timedelta(days=DAYS * (1 - n / size.base)), n >= live, chance, skus, clerks, people["marc"])
        if n + 1 == live or (n < live and n % 10 == 9):
            fulfil(people, now)
            pay(people, now)
        if n % 100 == 99:
            say(f"  {n + 1} orders lived through")
    drain_all()
    while count_marked(by=system):
        pass
    if grew := [table for table, rows in lengths().items() if rows > before[table]]:
        raise RuntimeError(f"A year fills {', '.join(grew)} too: reporting/volume/domain.py has to say how they are copied.")
    return int(last)


def lengths() -> dict[str, int]:
    """How many rows each table has that is not copied."""
    tables = [t for t in connection.introspection.table_names() if t not in WORLD and t not in LEDGER and t not in OF_ALL]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for table in tables))
        return dict(cursor.fetchall())


def stock(orders: int, by: Any) -> None:
    """A year's worth of most products at most places, and purchase orders of the next two months for what is open."""
    chance = random.Random(7)
    locations = list(StorageLocation.objects.filter(lanes__isnull=False).distinct().order_by("pk"))
    products = list(Product.objects.order_by("sku"))
    each = max(60, orders * 5 * 25 // (len(products) * len(locations)))
    began = datetime.now(UTC) - timedelta(days=DAYS + 5)
    rows = [Opening(p.pk, place.pk, f"{'ABCDEF'[m]}-{n % 12 + 1:02}", "", None, chance.randrange(each * 8 // 10, each * 13 // 10))
            for n, p in enumerate(products) for m, place in enumerate(locations) if (n + m) % 5]  # fmt: skip
    set_opening(rows, by=by, at=began)
    for n, product in enumerate(products):
        for k in range(n % 4):
            expect_receipt(product.pk, locations[(n + k) % len(locations)].pk, f"PO-{4700 + n}-{k}",
                           date.today() + timedelta(days=5 + 17 * k), max(24, each // 4), by=by)  # fmt: skip


def enter(n: int, at: datetime, still_open: bool, chance: random.Random, skus: Sequence[str], clerks: dict[str, User], manager: User) -> None:
    """One order, decided when it does not decide itself; those still open are wanted in the weeks to come."""
    lines = tuple(LineRequest(sku, Decimal(chance.choice([2, 4, 6, 12, 24]))) for sku in chance.sample(list(skus), chance.choice(LINES)))
    wanted = (datetime.now(UTC) + timedelta(days=chance.randint(3, 45))).date() if still_open else (at + timedelta(days=chance.choice([2, 4, 7, 14]))).date()
    customer = chance.choice(sorted(clerks))
    request = EntryRequest(customer, lines, chance.choice(["web", "web", "phone"]), customer_po=f"B-{5200 + n}" if n % 3 else "",
                           requested_date=wanted)  # fmt: skip
    answer = submit(request, by=clerks[customer], at=at)
    if answer.status == "submitted" and answer.order_id and not (still_open and n % 7 == 0):
        with suppress(OMSError):  # what is held for credit waits, as in life
            decide(answer.order_id, None, by=manager, at=at + timedelta(hours=3))


def fulfil(people: dict[str, User], now: datetime) -> None:
    """What is approved is released, shipped on its day, and arrives, one in seven a day or two late."""
    for order in list(Order.objects.filter(status="approved").order_by("approved_at")):
        with suppress(OMSError):  # what waits for a receipt stays open
            release([order.pk], by=people["marc"], at=min((order.approved_at or now) + timedelta(days=1), now), early=True)
    for shipment in Shipment.objects.filter(status="released").order_by("planned_date", "pk"):
        left = min(max(datetime.combine(shipment.planned_date, now.timetz()), shipment.released_at), now)
        ship(shipment.pk, by=people["walid"], at=left, tracking_number=f"XP{730000 + shipment.pk}FR")
        arrived = max(shipment.delivery_date + timedelta(days=shipment.pk % 3 if shipment.pk % 7 == 0 else 0), left.date())
        if arrived < now.date():
            deliver(shipment.pk, arrived, "signature", by=people["walid"], at=datetime.combine(arrived, now.timetz()))
    drain_all()


def pay(people: dict[str, User], now: datetime) -> None:
    """Most customers pay five weeks after the invoice; one in thirteen of the last weeks' invoices is late."""
    bank = BankAccount.objects.order_by("pk")[0]
    for invoice in Invoice.objects.filter(applied=0, invoice_date__lt=now.date() - timedelta(days=35)).select_related("customer").order_by("pk"):
        if invoice.pk % 13 == 0 and invoice.invoice_date > now.date() - timedelta(days=70):
            continue
        day = invoice.invoice_date + timedelta(days=28 + invoice.pk % 8)
        line = record_bank_line(bank.pk, NewBankLine(day, day, invoice.total, text=f"{invoice.number} {invoice.order_number}",
                                                     counterparty=invoice.customer.name), by=people["fiona"])  # fmt: skip
        apply_line(line, invoice.customer_id, {invoice.pk: invoice.total}, by=people["fiona"])
    drain_all()


def make(size: Size, server: psycopg.Connection[Any], say: Say) -> int:
    """Fill the base and copy it until there are `size.orders`; `server` is a superuser's. Returns how many orders there are."""
    last_event = fill_base(size, say)
    tables = {table: columns_of(server, table) for table in (*WORLD, *LEDGER)}
    base = measured(server, tables, last_event)
    made = Order.objects.count()
    worlds = max(1, round(size.customers / Customer.objects.count()))
    times = max(1, -(-size.orders // (made * worlds)))
    say(f"{made} orders of the base, {worlds} worlds of {times} copies")
    server.execute(HELPERS)
    server.execute("CREATE TEMP TABLE counted AS SELECT id, version FROM inventory_balance")
    server.execute("ALTER TABLE pg_temp.counted ADD PRIMARY KEY (id)")
    events = Copier(server, base)
    with still(server, tables), without_indexes(server, tables, say):
        for w in range(worlds):
            started = time.monotonic()
            with server.transaction():
                copy(server, tables, base, events, w, times)
            seal_all()
            say(f"world {w + 1} of {worlds} ({time.monotonic() - started:.0f} s)")
        with server.transaction():
            for table in WORLD:
                if statement := grow_base(table, tables[table], base):
                    server.execute(statement, {"times": times})
            finish(server, tables, base, worlds * times)
    server.execute("ANALYZE")
    return made * worlds * times


def copy(server: psycopg.Connection[Any], tables: dict[str, list[Column]], base: Base, events: Copier, w: int, times: int) -> None:
    """One world: its customers and products, then all its copies of the orders."""
    given = {"w": w, "times": times}
    for table in WORLD if w else ():
        server.execute(copy_world(table, tables[table], base), given)
    for table in LEDGER:
        if table == "oms_event":
            events.copy(w, range(max(1, w * times), (w + 1) * times))
        else:
            server.execute(copy_ledger(table, tables[table], base), given)


def columns_of(server: psycopg.Connection[Any], table: str) -> list[Column]:
    """The columns of a table that are written, with what they refer to."""
    rows = server.execute(
        """SELECT a.attname, format_type(a.atttypid, NULL), coalesce((
               SELECT min(k.confrelid::regclass::text) FROM pg_constraint k
               WHERE k.contype = 'f' AND k.conrelid = a.attrelid AND k.conkey = ARRAY[a.attnum]), '')
           FROM pg_attribute a WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
           ORDER BY a.attnum""",
        [table],
    ).fetchall()
    return [Column(*row) for row in rows]


def key_of(server: psycopg.Connection[Any], table: str) -> str:
    """The column that is the table's primary key, or the first of several."""
    row = server.execute(
        """SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
           WHERE i.indrelid = %s::regclass AND i.indisprimary""",
        [table],
    ).fetchone()
    return str(row[0])  # type: ignore[index]


def measured(server: psycopg.Connection[Any], tables: dict[str, list[Column]], last_event: int) -> Base:
    """The stride (above every key of the base) and the lengths of the number series."""
    highest = 0
    keys = {table: key_of(server, table) for table in tables}
    for table, key in keys.items():
        highest = max(highest, server.execute(f"SELECT coalesce(max({key}), 0) FROM {table}").fetchone()[0])  # type: ignore[index]
    series = {t: server.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("payments_invoice", "payments_payment")}  # type: ignore[index]
    return Base((highest // STRIDE_UNIT + 1) * STRIDE_UNIT, last_event, series, keys)


class Copier:
    """Copies of events: their payloads name the copied objects, and hash anew."""

    def __init__(self, server: psycopg.Connection[Any], base: Base) -> None:
        self.server, self.base = server, base
        rows = server.execute(
            f"SELECT r.id, r.name, r.actor_id, r.at, r.payload FROM oms_event r WHERE {of_base('oms_event', base)} ORDER BY r.id"
        ).fetchall()
        self.events = [(pk, name, actor, at, *template(json.loads(bytes(payload)))) for pk, name, actor, at, payload in rows]

    def copy(self, w: int, copies: range) -> None:
        """COPY of the events of the copies `j` of world `w`."""
        stride = self.base.stride
        with self.server.cursor() as cursor, cursor.copy("COPY oms_event (id, name, actor_id, at, payload, hash) FROM STDIN (FORMAT BINARY)") as out:
            out.set_types(["int8", "varchar", "int8", "timestamptz", "bytea", "bytea"])
            for j in copies:
                by = (0, w * stride, j * stride)
                for pk, name, actor, at, text, slots in self.events:
                    payload = (text % tuple(key + by[kind] for key, kind in slots)).encode()
                    out.write_row((pk + by[2], name, actor, at, payload, digest(payload)))


def template(said: dict[str, Any]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """A payload with %d where a copied object stands, and the (key, 1 by world or 2 by copy) to put there."""
    slots: list[tuple[int, int]] = []

    def slot(kind: str, key: int) -> str:
        table = SUBJECTS[kind]
        slots.append((key, 2 if table in LEDGER else 1))
        return f"\0{len(slots) - 1}\0"

    data = {k: slot(k, v) if k in SUBJECTS and isinstance(v, int) else v for k, v in said["data"].items()}
    if isinstance(data.get("number"), str) and data["number"].startswith("SO"):
        data["number"] = "SO\1" + slot("order", int(data["number"][2:])) + "\1"
    subjects = [[kind, slot(kind, key) if kind in SUBJECTS else key] for kind, key in said["subjects"]]
    text = canonical({**said, "data": data, "subjects": subjects}).decode().replace("%", "%%")
    order = []
    pieces = text.replace('"\\u0000', "\0").replace('\\u0000"', "\0").replace("\\u0000", "\0").replace("\\u0001", "\1").split("\0")
    for n in range(1, len(pieces), 2):
        order.append(slots[int(pieces[n])])
        pieces[n] = "%07d" if pieces[n - 1].endswith("\1") else "%d"
    return "".join(pieces).replace("\1", ""), tuple(order)


@contextmanager
def still(server: psycopg.Connection[Any], tables: Sequence[str] | dict[str, Any]) -> Iterator[None]:
    """Guards and foreign keys of the tables stand still, and are afterwards as they were before."""
    guards = [(t, *row) for t in tables for row in server.execute(
        "SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal", [t]).fetchall()]  # fmt: skip
    for table in tables:
        server.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
    try:
        yield
    finally:
        how = {"O": "ENABLE", "A": "ENABLE ALWAYS", "R": "ENABLE REPLICA", "D": "DISABLE"}
        for table in tables:
            server.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
        for table, guard, state in guards:
            server.execute(f'ALTER TABLE {table} {how[state.decode() if isinstance(state, bytes) else state]} TRIGGER "{guard}"')


@contextmanager
def without_indexes(server: psycopg.Connection[Any], tables: Sequence[str] | dict[str, Any], say: Say) -> Iterator[None]:
    """Indexes that guard nothing are built at the end, once."""
    found = server.execute(
        """SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
           WHERE i.indrelid::regclass::text = ANY(%s) AND NOT i.indisunique AND i.indrelid <> 'oms_event'::regclass
             AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)""",
        [list(tables)],
    ).fetchall()
    for name, _definition in found:
        server.execute(f"DROP INDEX {name}")
    try:
        yield
    finally:
        started = time.monotonic()
        server.execute("SET maintenance_work_mem = '512MB'")
        for _name, definition in found:
            server.execute(definition)
        say(f"{len(found)} indexes built in {time.monotonic() - started:.0f} s")


def finish(server: psycopg.Connection[Any], tables: dict[str, list[Column]], base: Base, copies: int) -> None:
    """Sequences and number series go on behind the last copy."""
    for table, columns in tables.items():
        for column in columns if any(c.name == "id" for c in columns) else ():
            if column.name == "id":
                server.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
    for code, table in (("invoice", "payments_invoice"), ("payment", "payments_payment")):
        server.execute("UPDATE oms_numberseries SET next_number = %s WHERE code = %s", [base.series[table] * copies + 1, code])
