"""Webhooks out: signed, in order per order, retried, switched off, sent again; never to an address that is not public."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from oms.events.models import Event
from oms.events.tasks import drain_all
from oms.jobs.services import run_due
from orders.channels.services import due_endpoints, new_secret, posting, send_again, send_to
from orders.channels.services.webhooks import BACKOFF
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import cancel, submit
from orders.fulfilment.services import release, ship
from orders.models import WebhookDelivery, WebhookEndpoint
from payments.bank.services import NewBankLine, apply_line, record_bank_line
from payments.billing.services import charge_fee
from payments.models import BankAccount, Invoice
from reporting.problems.selectors import problems
from tests.world import World, person


class Receiver:
    """Stands in for the network: keeps what was posted and answers what it is told to."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, Any], dict[str, str]]] = []
        self.status = 200

    def __call__(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        self.got.append((url, json.loads(body), {**headers, "body": body.decode()}))
        if self.status == 0:
            raise posting.Unreachable("no connection")
        return self.status

    @property
    def types(self) -> list[str]:
        return [f"{body['data']['order']} {body['type']}" for _url, body, _headers in self.got]


@pytest.fixture
def receiver(monkeypatch: Any) -> Receiver:
    made = Receiver()
    monkeypatch.setattr(posting, "post", made)
    return made


@pytest.fixture
def endpoint(world: World) -> WebhookEndpoint:
    return WebhookEndpoint.objects.create(user=world.partner, url="https://hooks.example.com/oms", secret=new_secret())


def enter(world: World, quantity: int) -> Any:
    return submit(EntryRequest("ACME", (LineRequest("A", Decimal(quantity)),), "web"), by=world.sales)


def due_now() -> None:
    WebhookDelivery.objects.filter(status="new").update(due_at=timezone.now() - timedelta(minutes=1))


@pytest.mark.django_db
def test_a_delivery_is_signed_as_the_convention_says(world: World, endpoint: WebhookEndpoint, receiver: Receiver) -> None:
    number = enter(world, 2).number
    drain_all()
    run_due(timezone.now())  # the minute's round,
    run_due(timezone.now())  # then the job of each endpoint
    assert receiver.types == [f"{number} order.submitted", f"{number} order.approved"]
    url, body, headers = receiver.got[0]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{headers['body']}".encode()
    key = base64.b64decode(endpoint.secret.removeprefix("whsec_"))
    assert headers["webhook-signature"] == "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert url == endpoint.url and set(body) == {"type", "timestamp", "data"}
    assert list(WebhookDelivery.objects.values_list("status", flat=True)) == ["done", "done"] and due_endpoints() == []


@pytest.mark.django_db
def test_deliveries_of_an_order_wait_for_the_one_before_and_others_do_not(world: World, endpoint: WebhookEndpoint, receiver: Receiver) -> None:
    first, second = enter(world, 60), enter(world, 70)
    cancel(first.order_id or 0, "not wanted", by=world.sales)
    drain_all()
    receiver.status = 500
    assert send_to(endpoint.pk, by=world.system) == 0
    receiver.status = 200
    assert send_to(endpoint.pk, by=world.system) == 1  # the other order's; the first order's later news waits
    assert receiver.types[-1] == f"{second.number} order.submitted"
    due_now()
    assert send_to(endpoint.pk, by=world.system) == 2
    assert receiver.types[-2:] == [f"{first.number} order.submitted", f"{first.number} order.cancelled"]
    ids = [headers["webhook-id"] for _url, _body, headers in receiver.got]
    assert ids[0] == ids[2]  # the same delivery has the same id at every attempt


@pytest.mark.django_db
def test_what_fails_is_tried_for_days_then_given_up_and_sent_again_by_hand(world: World, endpoint: WebhookEndpoint, receiver: Receiver) -> None:
    enter(world, 60)
    drain_all()
    receiver.status = 0
    for _n in range(len(BACKOFF) + 1):
        due_now()
        send_to(endpoint.pk, by=world.system)
    delivery = WebhookDelivery.objects.get()
    assert (delivery.status, delivery.attempts, delivery.answer) == ("dead", len(BACKOFF) + 1, "no connection")
    assert sum(BACKOFF) > 4 * 24 * 60
    receiver.status = 204
    send_again(delivery.pk, by=person("administrator", world.system))
    assert send_to(endpoint.pk, by=world.system) == 1


@pytest.mark.django_db
def test_an_endpoint_that_takes_nothing_for_days_is_switched_off_and_is_a_problem(world: World, endpoint: WebhookEndpoint, receiver: Receiver) -> None:
    enter(world, 60)
    drain_all()
    receiver.status = 301  # a redirect is no delivery
    send_to(endpoint.pk, by=world.system)
    endpoint.refresh_from_db()
    assert endpoint.active and endpoint.failing_since is not None
    WebhookEndpoint.objects.update(failing_since=timezone.now() - timedelta(days=3, minutes=1))
    due_now()
    send_to(endpoint.pk, by=world.system)
    endpoint.refresh_from_db()
    assert not endpoint.active and Event.objects.filter(name="webhook.switched_off").count() == 1
    assert len(receiver.got) == 2 and send_to(endpoint.pk, by=world.system) == 0 and WebhookDelivery.objects.get().status == "new"
    (problem,) = [p for p in problems(person("administrator", world.system)) if p.kind.code == "webhook.off"]
    assert "hooks.example.com" in str(problem.kind.sentence(problem.facts))


@pytest.mark.django_db
def test_other_customers_orders_are_not_told(world: World, receiver: Receiver) -> None:
    WebhookEndpoint.objects.create(user=world.finance, url="https://other.example.com/", secret=new_secret())
    enter(world, 2)
    drain_all()
    assert WebhookDelivery.objects.count() == 0


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "172.16.0.1", "100.64.0.1", "0.0.0.0", "::", "::1", "::ffff:10.0.0.1", "fe80::1%eth0",
     "fc00::1", "224.0.0.1", "255.255.255.255", "2002:0a00:0001::1"],
)  # fmt: skip
def test_no_private_address_is_called_whatever_the_name(address: str, monkeypatch: Any) -> None:
    """Also when another address of the name is public."""
    answers = [(socket.AF_INET, 1, 6, "", ("93.184.216.34", 443)), (socket.AF_INET, 1, 6, "", (address, 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: answers)
    monkeypatch.setattr(socket, "create_connection", lambda *a, **k: pytest.fail("it was called"))
    with pytest.raises(posting.Unreachable, match="public"):
        posting.post("https://hooks.example.com/", b"{}", {})


@pytest.mark.parametrize("host", ["127.1", "0x7f.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "localhost"])
def test_no_way_of_writing_a_private_address_helps(host: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(socket, "create_connection", lambda *a, **k: pytest.fail("it was called"))
    with pytest.raises(posting.Unreachable):
        posting.post(f"https://{host}/", b"{}", {})


@pytest.mark.parametrize("url", ["http://example.com/", "https://example.com:8443/", "https://u:p@example.com/", "file:///etc/passwd", "https://", "https://[::1", "x"])
def test_only_https_on_its_own_port(url: str) -> None:
    with pytest.raises(posting.Unreachable):
        posting.post(url, b"{}", {})


def test_the_address_that_was_looked_at_is_the_one_that_is_called(monkeypatch: Any) -> None:
    """Resolved once: a name that answers otherwise a moment later changes nothing."""
    asked: list[Any] = []
    answers = iter([[(socket.AF_INET, 1, 6, "", ("93.184.216.34", 443))], [(socket.AF_INET, 1, 6, "", ("127.0.0.1", 443))]])
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: next(answers))

    def connect(address: Any, timeout: float) -> Any:
        asked.append(address)
        raise OSError

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(posting.Unreachable, match="no connection"):
        posting.post("https://hooks.example.com/a?b=1", b"{}", {})
    assert asked == [("93.184.216.34", 443)]


@pytest.mark.django_db
def test_invoices_and_payments_are_told_with_their_numbers_and_amounts(world: World, endpoint: WebhookEndpoint, receiver: Receiver) -> None:
    order_id = enter(world, 2).order_id
    ship(release([order_id], by=world.manager, early=True)[0], by=world.warehouse)
    drain_all()
    invoice = Invoice.objects.get()
    bank = BankAccount.objects.create(name="House bank", iban="FR7630006000011234567890189", currency_id="EUR")
    today = timezone.localdate()
    line = record_bank_line(bank.pk, NewBankLine(today, today, Decimal(20), text=invoice.number), by=world.finance)
    apply_line(line, world.customer.pk, {invoice.pk: Decimal(20)}, by=world.finance)
    charge_fee(world.customer.pk, Decimal(5), "Reminder", by=world.finance)  # of no order: nobody is told
    drain_all()
    while send_to(endpoint.pk, by=world.system):
        pass
    said = {body["type"]: body["data"] for _url, body, _headers in receiver.got}
    assert {k: said["invoice.issued"][k] for k in ("invoice", "total", "currency")} == {"invoice": invoice.number, "total": "24.00", "currency": "EUR"}
    assert said["payment.applied"]["applied"] == {invoice.number: "20.00"}
    assert Invoice.objects.count() == 2 and sum(body["type"] == "invoice.issued" for _url, body, _headers in receiver.got) == 1
