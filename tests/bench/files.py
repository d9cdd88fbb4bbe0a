"""`python -m tests.bench.files [--rows 20000] [--formats stock,products,invoices,orders]`: files in, beside COPY with the same indexes.

Each format comes in through the whole pipeline (staged, validated row by row, applied with ledger and audit) into a clone of
the tests' template database. Its peer is COPY of the very rows that the import wrote into copies of its main tables with all
their indexes and checks, in the same run. Orders go one by one through entry, as every channel does. JSON as last line.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

Rows = Iterable[Sequence[Any]]
TABLES = {
    "products": ("inventory_product",), "stock": ("inventory_balance", "inventory_movement"),
    "invoices": ("payments_invoice", "payments_invoiceline", "payments_invoicetax", "payments_receivableentry"),
    "orders": ("orders_order", "orders_orderline", "orders_scheduleline", "orders_promise"),
}  # fmt: skip
LINES_AN_ORDER = 5


def products(rows: int) -> tuple[str, Rows]:
    return "sku name family standard_cost", ((f"P{n:07}", f"Product {n}", f"Family {n % 40}", "1.5") for n in range(rows))


def stock(rows: int) -> tuple[str, Rows]:
    return "sku location bin quantity", ((f"P{n:07}", "LYON", f"B{n % 50}", "1000000") for n in range(rows))


def invoices(rows: int) -> tuple[str, Rows]:
    head = "number customer invoice_date due_date sku description price tax_rate"
    return head, ((f"OLD{n:07}", "ACME", "2026-01-10", "2026-02-10", "", "Open item", f"{n % 900 + 1}.37", "0.2") for n in range(rows))


def orders(rows: int) -> tuple[str, Rows]:
    return "order customer requested_date sku quantity price reason", (
        (f"O{n // LINES_AN_ORDER}", "ACME", "2030-03-01", f"P{n * 7 % rows:07}", "2", "0.01", "bench") for n in range(rows))  # fmt: skip


MAKERS: dict[str, Callable[[int], tuple[str, Rows]]] = {"products": products, "stock": stock, "invoices": invoices, "orders": orders}


def bring_in(name: str, data: bytes) -> float:
    """Import a file as the command does; seconds of wall time."""
    from oms.accounts.selectors import system_user
    from oms.files import services
    from oms.files.commands import prepare_statements

    prepare_statements()
    started = time.perf_counter()
    file = services.stage(name, f"{name}.csv", data, by=system_user())
    assert not services.check(file, by=system_user()).rejected, f"the made file of {name} has bad rows"
    found = services.apply(file, by=system_user())
    took = time.perf_counter() - started
    assert found.created == found.rows, found
    return took


def copied(database: str, tables: Sequence[str]) -> float:
    """Seconds COPY takes for the rows of the tables, into empty ones with the same indexes and checks."""
    from tests.conftest import admin

    took = 0.0
    with admin(database) as server:
        for table in tables:
            with server.cursor().copy(f"COPY {table} TO STDOUT") as out:
                data = [bytes(part) for part in out]
            server.execute(f"CREATE TABLE peer_{table} (LIKE {table} INCLUDING ALL)")
            started = time.perf_counter()
            with server.cursor().copy(f"COPY peer_{table} FROM STDIN") as into:
                for part in data:
                    into.write(part)
            took += time.perf_counter() - started
    return took


def measure(name: str, rows: int, database: str) -> dict[str, Any]:
    """Rows a second of the import and of COPY."""
    header, made = MAKERS[name](rows)
    text = io.StringIO()
    csv.writer(text).writerows([header.split(), *made])
    took = bring_in(name, text.getvalue().encode())
    copy = copied(database, TABLES[name])
    return {"rows": rows, "rows_per_s": round(rows / took), "copy_rows_per_s": round(rows / copy), "ratio": round(copy / took, 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--orders", type=int, default=1_000, help="rows of the file of orders")
    parser.add_argument("--formats", default=",".join(MAKERS))
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    from django.db import connection, connections

    from tests.conftest import clone, clone_name, drop, ensure_template, use
    from tests.world import World

    name, figures = clone_name(), {}
    clone(ensure_template(), name)
    use(name)
    try:
        World.make(limit=10**9)
        for each in options.formats.split(","):
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
            figures[each] = measure(each, options.orders if each == "orders" else options.rows, name)
            print(f"{each:10} {json.dumps(figures[each])}", flush=True)
    finally:
        connections.close_all()
        drop(name)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
