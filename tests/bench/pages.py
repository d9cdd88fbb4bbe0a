"""`python -m tests.bench.pages [--orders 100000] [--times 15]`: the pages people live in, with the orders of years behind them.

Asks the server that runs from this checkout (of the instance OMS_INSTANCE names; `make bench` uses one of its own) as the
people of the practice company, and counts the statements of each page in this process. Before, old orders with lines,
shipments and settled invoices are added until there are `--orders` of them, past the guards: never on a company that
counts. JSON as last line.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import time
import urllib.parse
from typing import Any

import psycopg

PAGES = {
    "order list": ("sofia", "/orders/"), "order list by customer": ("marc", "/orders/?q=C1013"), "order": ("marc", "/orders/{order}/"),
    "entry form": ("sofia", "/orders/enter/"), "customer search": ("sofia", "/orders/enter/customers/?q=ha"),
    "approvals": ("amelie", "/orders/approvals/"), "backlog": ("marc", "/orders/backlog/"), "dashboard": ("marc", "/reporting/"),
    "performance": ("marc", "/reporting/performance/"), "quantities": ("marc", "/reporting/quantities/"), "problems": ("marc", "/reporting/problems/"),
    "receivables": ("fiona", "/money/receivables/"), "invoices": ("fiona", "/money/invoices/"), "bank lines": ("fiona", "/money/bank/"),
    "customers": ("sofia", "/customers/"), "customer form": ("marc", "/reporting/customers/{customer}/"), "stock": ("walid", "/stock/"),
    "shipments": ("walid", "/orders/shipments/"), "search by number": ("marc", "/reporting/search/?q={order}"),
    "search by tracking": ("marc", "/reporting/search/?q=XP730001FR"), "home": ("marc", "/"),
}  # fmt: skip
LINES = 5
# What a grown row has of its own; everything else is as on the model row.
GROWN = {
    "orders_order": {
        "number": "'BX' || g", "status": "'completed'", "external_id": "''", "customer_po": "''", "customer_id": "c.id", "payer_id": "c.id",
        "ship_to_id": "c.address", "requested_date": "current_date - g %% 1000 - 20", "entered_at": "now() - (g %% 1000 + 30) * interval '1 day'",
        "submitted_at": "now() - (g %% 1000 + 30) * interval '1 day'", "approved_at": "now() - (g %% 1000 + 29) * interval '1 day'",
        "completed_at": "now() - (g %% 1000 + 10) * interval '1 day'", "undecided_since": "NULL", "claim_expires_at": "NULL",
        "recorded_at": "now()", "net": "500", "tax": "100", "total": "600",
    },
    "orders_orderline": {
        "order_id": "o.id", "position": "k", "product_id": "p.id", "unit_price": "10", "price_unit": "1", "discount": "0", "net": "100",
        "extends_line_id": "NULL", "rank_date": "current_date - 100",
        **{f"quantity_{name}": "10" for name in ("ordered", "approved", "shipped", "delivered", "invoiced")},
        **{f"quantity_{name}": "0" for name in ("cancelled", "allocated", "undelivered", "returned")},
    },
    "orders_shipment": {
        "number": "'BS' || g", "order_id": "o.id", "status": "'delivered'", "tracking_number": "'BT' || g",
        "planned_date": "current_date - g %% 1000 - 22", "delivery_date": "current_date - g %% 1000 - 21",
        "shipped_at": "now() - (g %% 1000 + 22) * interval '1 day'", "delivered_date": "current_date - g %% 1000 - 20",
    },
    "payments_invoice": {
        "number": "'BI' || g", "serial": "g", "series": "'bench'", "account_id": "c.account", "customer_id": "c.id", "order_id": "o.id",
        "order_number": "o.number", "shipment_id": "NULL", "shipment_number": "''", "customer_po": "''",
        "invoice_date": "current_date - g %% 1000 - 22", "due_date": "current_date - g %% 1000 + 8", "net": "500", "tax": "100", "total": "600",
        "applied": "600", "credited": "0", "noted": "0", "cancelled": "false", "recorded_at": "now()",
    },
}  # fmt: skip
CUSTOMERS = """
CREATE TEMP TABLE c AS SELECT row_number() OVER () - 1 AS n, c.id, a.id AS address, m.account_id AS account FROM customers_customer c
JOIN customers_address a ON a.customer_id = c.id AND a.is_default JOIN payments_accountmember m ON m.customer_id = c.id;
CREATE TEMP TABLE p AS SELECT row_number() OVER () - 1 AS n, id FROM inventory_product;
CREATE TEMP TABLE o (g int PRIMARY KEY, id bigint, number text);
"""
FROM = {
    "orders_order": "generate_series({first}, {last}) g JOIN c ON c.n = g %% (SELECT count(*) FROM c)",
    "orders_orderline": "o CROSS JOIN generate_series(1, {lines}) k JOIN p ON p.n = (o.g * 7 + k) %% (SELECT count(*) FROM p)",
    "orders_shipment": "o", "payments_invoice": "o JOIN c ON c.n = o.g %% (SELECT count(*) FROM c)",
}  # fmt: skip
CHUNK = 50_000


def grow(server: psycopg.Connection[Any], wanted: int) -> int:
    """Add old orders until there are `wanted` of them, a chunk a transaction; how many there are."""
    there = server.execute("SELECT count(*) FROM orders_order WHERE number LIKE 'BX%'").fetchone()[0]  # type: ignore[index]
    if there >= wanted:
        return int(there)
    server.execute(CUSTOMERS)
    for table in GROWN:
        server.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
    try:
        for first in range(there + 1, wanted + 1, CHUNK):
            last = min(wanted, first + CHUNK - 1)
            with server.transaction():
                for table, own in GROWN.items():
                    server.execute(grown(server, table, own, FROM[table].format(first=first, last=last, lines=LINES)))
                    if table == "orders_order":
                        server.execute("TRUNCATE o")
                        server.execute("INSERT INTO o SELECT substr(number, 3)::int, id, number FROM orders_order WHERE number LIKE 'BX%%' "
                                       "AND substr(number, 3)::bigint BETWEEN %s AND %s", [first, last])  # fmt: skip
    finally:
        for table in GROWN:
            server.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
            for (guard,) in server.execute("SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal", [table]).fetchall():
                server.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {guard}")
    server.execute("ANALYZE")
    return wanted


def grown(server: psycopg.Connection[Any], table: str, own: dict[str, str], source: str) -> Any:
    """INSERT of rows like the table's first one, with columns of their own."""
    columns = [row[0] for row in server.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND column_name <> 'id' AND is_generated = 'NEVER' "
        "ORDER BY ordinal_position", [table])]  # fmt: skip
    values = ", ".join(own.get(name, f"model.{name}") for name in columns)
    return (f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {source} "
            f"CROSS JOIN (SELECT * FROM {table} ORDER BY id LIMIT 1) model").replace("%%", "%")  # fmt: skip


def latencies(url: str, path: str, cookie: str, times: int) -> list[float]:
    """Milliseconds of each request, on one connection; the first, which warms, is not counted."""
    where = urllib.parse.urlparse(url)
    link = http.client.HTTPConnection(where.hostname or "", where.port, timeout=60)
    took = []
    for _n in range(times + 1):
        started = time.perf_counter()
        link.request("GET", path, headers={"Cookie": cookie})
        answer = link.getresponse()
        answer.read()
        assert answer.status in (200, 302), f"{path} answered {answer.status}"
        took.append((time.perf_counter() - started) * 1000)
    return sorted(took[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=100_000, help="old orders to have; 0 adds none")
    parser.add_argument("--times", type=int, default=15)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oms.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from oms.accounts.models import User
    from oms.runtime import paths
    from orders.models import Order, OrderLine

    url = (paths.var() / "supervisor.lock").read_text().strip()
    settings.ALLOWED_HOSTS = ["*"]
    if options.orders:
        with psycopg.connect(host=str(paths.socket_dir()), dbname="oms", user="postgres", autocommit=True) as server:
            grow(server, options.orders)
    order = Order.objects.filter(status="approved").order_by("-pk").select_related("customer").exclude(number__startswith="BX").first()
    assert order is not None, "fill the practice company first"
    facts = {"orders": Order.objects.count(), "lines": OrderLine.objects.count()}
    print(f"{facts['orders']:,} orders, {facts['lines']:,} lines")
    pages: dict[str, Any] = {}
    for name, (person, path) in PAGES.items():
        path = path.format(order=order.number, customer=order.customer.code)
        client = Client(raise_request_exception=True)
        client.force_login(User.objects.get(username=person))
        client.get(path)
        with CaptureQueriesContext(connection) as captured:
            client.get(path)
        took = latencies(url, path, f"sessionid={client.cookies['sessionid'].value}", options.times)
        pages[name] = {"p50_ms": round(statistics.median(took), 1), "p95_ms": round(took[int(len(took) * 0.95)], 1), "statements": len(captured)}
        print(f"{name:24} p50 {pages[name]['p50_ms']:>8} ms   p95 {pages[name]['p95_ms']:>8} ms   {pages[name]['statements']:>3} statements", flush=True)
    worst = max(pages, key=lambda name: pages[name]["p95_ms"])
    print(json.dumps({**facts, "worst": worst, "worst_p95_ms": pages[worst]["p95_ms"], "most_statements": max(p["statements"] for p in pages.values()),
                      "pages": pages}))  # fmt: skip


if __name__ == "__main__":
    main()
