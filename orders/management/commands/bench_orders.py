"""`manage.py bench_orders`: order entry with everything over HTTP against the running server, beside its floor.

The floor is the same writing without features, one pl/pgsql call a transaction in pgbench, on the same server: before
and after the HTTP run, the better of both. Adds 200 customers with a key each and 1,000 products once (codes BENCH-…).
"""

from __future__ import annotations

import http.client
import json
import multiprocessing
import random
import re
import statistics
import subprocess
import tempfile
import time
import urllib.parse
import uuid
from argparse import ArgumentParser
from datetime import date, timedelta
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.models import Sum
from django.test import Client
from django.test.utils import CaptureQueriesContext

from oms.runtime import paths, postgres
from orders.book.models import OrderLine
from orders.desk.bench import Stage
from orders.planning.models import Promise

WARM_UP_SECONDS = 2.0
FLOOR = """
DROP SCHEMA IF EXISTS floor CASCADE; CREATE SCHEMA floor;
CREATE TABLE floor.stock (id int PRIMARY KEY, free bigint NOT NULL CHECK (free >= 0));
CREATE TABLE floor.orders (id bigserial PRIMARY KEY, customer int, at timestamptz DEFAULT now());
CREATE TABLE floor.line (id bigserial PRIMARY KEY, order_id bigint REFERENCES floor.orders, product int, quantity int);
CREATE TABLE floor.reservation (id bigserial PRIMARY KEY, line_id bigint REFERENCES floor.line, quantity int);
INSERT INTO floor.stock SELECT g, 1000000000 FROM generate_series(1, 1000) g;
CREATE FUNCTION floor.enter(customer int, first int, n int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE o bigint; l bigint; p int;
BEGIN
    INSERT INTO floor.orders (customer) VALUES (customer) RETURNING id INTO o;
    FOR i IN 0..n - 1 LOOP
        p := (first + i * 7) % 1000 + 1;
        INSERT INTO floor.line (order_id, product, quantity) VALUES (o, p, 1) RETURNING id INTO l;
        INSERT INTO floor.reservation (line_id, quantity) VALUES (l, 1);
    END LOOP;
    UPDATE floor.stock s SET free = free - 1
    FROM (SELECT id FROM floor.stock WHERE id IN (SELECT (first + i * 7) % 1000 + 1 FROM generate_series(0, n - 1) i)
          ORDER BY id FOR NO KEY UPDATE) t WHERE s.id = t.id;
END $$;
"""


def shoot(url: str, keys: list[str], skus: list[str], lines: int, seconds: float, seed: int, out: Any) -> None:
    """One client: orders without a pause for `seconds`; puts (latencies in ms, count by status) into `out`."""
    chance = random.Random(seed)
    where = urllib.parse.urlparse(url)
    server = http.client.HTTPConnection(where.hostname or "127.0.0.1", where.port, timeout=30)
    wanted = (date.today() + timedelta(days=7)).isoformat()
    took, statuses = [], {}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        body = json.dumps({"requested_date": wanted, "lines": [{"sku": s, "quantity": 1} for s in chance.sample(skus, min(lines, len(skus)))]})
        headers = {"Authorization": f"Bearer {chance.choice(keys)}", "Idempotency-Key": uuid.uuid4().hex,
                   "Content-Type": "application/json"}  # fmt: skip
        started = time.perf_counter()
        server.request("POST", "/api/v1/orders/", body, headers)
        answer = server.getresponse()
        answer.read()
        took.append((time.perf_counter() - started) * 1000)
        statuses[answer.status] = statuses.get(answer.status, 0) + 1
    out.put((took, statuses))


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--clients", type=int, default=8)
        parser.add_argument("--seconds", type=float, default=20)
        parser.add_argument("--lines", type=int, default=5)
        parser.add_argument("--hot", action="store_true", help="one product with 100 units, 16 clients")
        parser.add_argument("--url", default="", help="the server; default: the one this checkout runs")

    def handle(self, *args: Any, **options: Any) -> None:
        url = options["url"] or self.running_url()
        stage = Stage.set(hot=options["hot"])
        clients = max(16, options["clients"]) if options["hot"] else options["clients"]
        lines = 1 if options["hot"] else options["lines"]
        if not options["hot"]:  # plans made for empty tables would be kept
            self.load(url, stage, clients, lines, WARM_UP_SECONDS)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        floors = [self.floor(options["clients"], lines, min(10.0, options["seconds"]))]
        took, statuses = self.load(url, stage, clients, lines, options["seconds"])
        floors.append(self.floor(options["clients"], lines, min(10.0, options["seconds"])))
        orders = statuses.get(201, 0)
        rate = orders / options["seconds"]
        ordered = sorted(took)
        report = {
            "orders_per_s": round(rate, 1), "p50_ms": round(statistics.median(ordered), 1),
            "p95_ms": round(ordered[int(len(ordered) * 0.95)], 1), "sql_per_order": self.statements(stage, lines),
            "floor_tps": round(max(floors), 1), "ratio": round(rate / max(floors), 4), "oversold": self.oversold(stage),
            "statuses": {str(k): v for k, v in sorted(statuses.items())}, "clients": clients, "lines": lines,
        }  # fmt: skip
        if options["hot"]:
            report["confirmed_from_stock"] = self.confirmed(stage)
        self.stdout.write(json.dumps(report))

    def running_url(self) -> str:
        """The address of this checkout's supervisor."""
        lock = paths.var() / "supervisor.lock"
        url = lock.read_text().strip() if lock.exists() else ""
        if not url:
            raise CommandError("No server runs from this checkout: start `make demo` first, or name one with --url.")
        return url

    def load(self, url: str, stage: Stage, clients: int, lines: int, seconds: float) -> tuple[list[float], dict[int, int]]:
        """All clients at once; latencies and statuses together."""
        context = multiprocessing.get_context("fork")
        connection.close()
        out = context.SimpleQueue()
        work = [
            context.Process(target=shoot, args=(url, stage.keys, stage.skus, lines, seconds, n, out)) for n in range(clients)
        ]
        for process in work:
            process.start()
        results = [out.get() for _process in work]
        for process in work:
            process.join()
        statuses: dict[int, int] = {}
        for _took, counts in results:
            for status, n in counts.items():
                statuses[status] = statuses.get(status, 0) + n
        return [t for took, _counts in results for t in took], statuses

    def floor(self, clients: int, lines: int, seconds: float) -> float:
        """Transactions per second of the bare writing in pgbench, in a database of its own."""
        settings = connection.settings_dict
        tools = postgres.binaries()
        target = ["-h", settings["HOST"], "-U", "oms_owner"]
        env = {"PATH": "/usr/bin:/bin", "PGDATABASE": "oms_floor"}
        exists = self.psql(["-h", settings["HOST"], "-U", "oms_owner", "-d", "postgres"],
                           "SELECT 1 FROM pg_database WHERE datname = 'oms_floor'")
        if "1" not in exists:
            self.psql(["-h", settings["HOST"], "-U", "oms_owner", "-d", "postgres"], "CREATE DATABASE oms_floor")
        self.psql([*target, "-d", "oms_floor"], FLOOR)
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
            script.write(f"\\set c random(1, 200)\n\\set p random(1, 1000)\nSELECT floor.enter(:c, :p, {lines});\n")
            script.flush()
            done = subprocess.run(
                [str(tools / "pgbench"), "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(max(2, int(seconds))),
                 "-f", script.name, *target, "oms_floor"],
                capture_output=True, text=True, env=env,
            )  # fmt: skip
        found = re.search(r"tps = ([\d.]+) \(without", done.stdout)
        if not found:
            raise CommandError(f"pgbench failed: {done.stderr}")
        return float(found[1])

    def psql(self, target: list[str], sql: str) -> str:
        """Run SQL with a plain connection as owner."""
        host, user, name = target[1], target[3], target[5]
        with psycopg.connect(host=host, user=user, dbname=name, autocommit=True) as server:
            cursor = server.execute(sql)  # type: ignore[arg-type]
            return str(cursor.fetchall()) if cursor.description else ""

    def statements(self, stage: Stage, lines: int) -> int:
        """SQL statements of one order through the same view in this process, everything but BEGIN and COMMIT."""
        client = Client(headers={"Authorization": f"Bearer {stage.keys[0]}", "Idempotency-Key": uuid.uuid4().hex}, SERVER_NAME="127.0.0.1")
        body = {"lines": [{"sku": s, "quantity": 1} for s in stage.skus[:lines]]}
        client.post("/api/v1/orders/", body, content_type="application/json")
        with CaptureQueriesContext(connection) as captured:
            client.post("/api/v1/orders/", body, content_type="application/json",
                        headers={"Idempotency-Key": uuid.uuid4().hex})
        return len([q for q in captured if q["sql"] not in ("BEGIN", "COMMIT")])

    def oversold(self, stage: Stage) -> int:
        """Units promised from stock beyond what lay there, over the products of the stage."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT coalesce(sum(greatest(0, -(SELECT min(f) FROM unnest(a.free) f))), 0) FROM inventory_availability a "
                "JOIN inventory_product p ON p.id = a.product_id WHERE p.sku = ANY(%s)", [stage.skus],
            )  # fmt: skip
            return int(cursor.fetchone()[0])

    def confirmed(self, stage: Stage) -> int:
        """Units of the hot product that were promised a date, over all orders, approved or not."""
        lines = OrderLine.objects.filter(product__sku=stage.skus[0])
        total = Promise.objects.filter(line__in=lines, kind="quoted").aggregate(n=Sum("quantity"))["n"]
        return int(total or 0)
