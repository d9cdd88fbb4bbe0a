"""The application as it runs: HTTP in, the worker's work out, nothing called by hand."""

from __future__ import annotations

import json
import re
import uuid
from decimal import Decimal
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inventory.models import Availability
from oms.jobs.models import Job
from orders.fulfilment.services import release, ship
from orders.models import Order, PlanRun
from payments.models import CreditAccount, Invoice


def test_an_order_over_http_is_approved_by_the_band_and_its_shipment_invoiced_by_the_worker(live_stack: Any) -> None:
    product, world = live_stack.product(30), live_stack.world
    reserved = CreditAccount.objects.get().reserved
    reply = live_stack.order({"lines": [{"sku": product.sku, "quantity": "20"}], "customer": "ACME"})
    assert (reply.status, reply.json["status"]) == (201, "approved")
    order = Order.objects.get(number=reply.json["number"])
    assert (order.status, order.total, order.channel) == ("approved", Decimal(240), "api")
    assert Availability.objects.get(product=product).free == [10]
    assert CreditAccount.objects.get().reserved == reserved + 240
    (shipment,) = release([order.pk], by=world.manager)
    ship(shipment, by=world.warehouse)
    invoice = live_stack.wait_for(lambda: Invoice.objects.filter(order_id=order.pk).first())
    assert (invoice.total, invoice.shipment_id) == (Decimal(240), shipment)
    assert CreditAccount.objects.get().reserved == reserved


def test_a_plan_run_asked_for_on_the_page_is_done_by_the_worker(live_stack: Any) -> None:
    reply = live_stack.post(live_stack.world.manager, "/orders/backlog/plan/")
    assert (reply.status, reply.headers["Location"]) == (302, "/orders/backlog/")
    job = live_stack.wait_for(lambda: Job.objects.filter(kind="planning.run", slot__startswith="asked-", state="done").first(), 15)
    assert job.attempts == 1
    assert PlanRun.objects.get(slot=job.slot).state == "published"


def test_a_key_that_is_not_known_enters_nothing(live_stack: Any) -> None:
    product = live_stack.product(5)
    reply = live_stack.order({"lines": [{"sku": product.sku, "quantity": "1"}]}, Authorization="Bearer oms_a_b")
    assert (reply.status, reply.headers["Content-Type"]) == (401, "application/problem+json")
    assert Availability.objects.get(product=product).free == [5]


def test_the_pages_come_with_their_styles(live_stack: Any) -> None:
    cookie = live_stack.cookie(live_stack.world.sales)["sessionid"]
    page = live_stack.request("GET", "/orders/", Cookie=f"sessionid={cookie}")
    assert page.status == 200
    sheet = re.search(rb'href="(/static/[^"]+\.css)"', page.body)
    assert sheet and live_stack.request("GET", sheet[1].decode()).status == 200


def counted(live_stack: Any, lines: int) -> list[str]:
    """Every statement but BEGIN and COMMIT of an order of so many lines, through the API's view with a partner's key."""
    skus = [live_stack.product(100, 1).sku for _n in range(min(lines, 5))]
    body = {"lines": [{"sku": skus[i % len(skus)], "quantity": "1"} for i in range(lines)], "customer": "ACME"}
    client = Client(raise_request_exception=True)
    headers = {"Authorization": f"Bearer {live_stack.key}"}

    def post(key: str) -> None:
        reply = client.post("/api/v1/orders/", json.dumps(body), "application/json", headers={**headers, "Idempotency-Key": key})
        assert reply.status_code == 201, reply.content

    post(str(uuid.uuid4()))
    with CaptureQueriesContext(connection) as captured:
        post(str(uuid.uuid4()))
    statements = [q["sql"] for q in captured]
    assert [s for s in statements if s in ("BEGIN", "COMMIT")] == ["BEGIN", "COMMIT"], "one transaction, really committed"
    return [s for s in statements if s not in ("BEGIN", "COMMIT")]


def test_an_order_over_the_api_costs_the_same_statements_for_1_5_and_100_lines(live_stack: Any) -> None:
    """GOALS.md: at most 12, with the look-up of the partner's key. It is key, head, offers, one WRITE, stock."""
    assert live_stack.key
    one, five, hundred = (counted(live_stack, n) for n in (1, 5, 100))
    assert len(one) == len(five) == len(hundred) == 5, "\n".join(hundred)
    assert sum("oms_partnerkey" in s for s in one) == 1
