"""`python -m tests.bench.pages [--times 15]`: the pages people live in, with the orders of years behind them.

Asks the server that runs from this checkout (of the instance OMS_INSTANCE names; `make bench` uses `volume`, which
`manage.py make_volume` filled) as the people of the practice company, and counts the statements of each page in this process.
JSON as last line.
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

PAGES = {
    "order list": ("sofia", "/orders/"), "order list by customer": ("marc", "/orders/?q=C1013"), "order": ("marc", "/orders/{order}/"),
    "entry form": ("sofia", "/orders/enter/"), "customer search": ("sofia", "/orders/enter/customers/?q=ha"),
    "approvals": ("amelie", "/orders/approvals/"), "backlog": ("marc", "/orders/backlog/"), "dashboard": ("marc", "/reporting/dashboard/"),
    "performance": ("marc", "/reporting/performance/"), "quantities": ("marc", "/reporting/quantities/"), "problems": ("marc", "/reporting/problems/"),
    "receivables": ("fiona", "/money/receivables/"), "invoices": ("fiona", "/money/invoices/"), "bank lines": ("fiona", "/money/bank/"),
    "customers": ("sofia", "/customers/"), "customer form": ("marc", "/reporting/customers/{customer}/"), "stock": ("walid", "/stock/"),
    "shipments": ("walid", "/orders/shipments/"), "search by number": ("marc", "/reporting/search/?q={order}"),
    "search by tracking": ("marc", "/reporting/search/?q=XP730001FR"), "home": ("marc", "/"),
}  # fmt: skip


REFUSED_MS = 60_000.0  # what did not answer at all (a statement's time ran out) counts as a minute


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
        took.append((time.perf_counter() - started) * 1000 if answer.status in (200, 302) else REFUSED_MS)
    return sorted(took[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
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
    order = Order.objects.filter(status="approved").order_by("-pk").select_related("customer").first()
    assert order is not None, "fill the practice company first"
    facts = {"orders": Order.objects.count(), "lines": OrderLine.objects.count()}
    print(f"{facts['orders']:,} orders, {facts['lines']:,} lines")
    pages: dict[str, Any] = {}
    for name, (person, path) in PAGES.items():
        path = path.format(order=order.number, customer=order.customer.code)
        client = Client(raise_request_exception=True)
        client.force_login(User.objects.get(username=person))
        client.raise_request_exception = False
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
