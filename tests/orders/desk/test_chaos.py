"""Chaos finds what it looks for: a lost order, a doubled one, a payment twice; and asks again until it knows an outcome."""

from __future__ import annotations

import http.server
import json
import random
import threading
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from customers.models import Customer
from orders.desk.chaos import TRIES_SECONDS, Journal, Partner, count
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import submit
from orders.models import Order
from payments.bank.models import BankAccount, Payment
from payments.bank.services import NewBankLine, OldPayment, bring_payments
from tests.oms.files.conftest import world
from tests.world import World

__all__ = ["world"]

KEY = "11111111-1111-1111-1111-111111111111"


@pytest.fixture
def order(world: World) -> Order:
    """An order of a customer of the load."""
    Customer.objects.update(code="CHAOS-0001")
    made = submit(EntryRequest("CHAOS-0001", (LineRequest("A", Decimal(2)),), "api"), by=world.sales)
    return Order.objects.get(pk=made.order_id)


def journal(folder: Path, *lines: str) -> Journal:
    made = Journal(folder / "partner")
    for line in lines:
        made.write(*line.split(" "))
    return made


def test_what_was_acknowledged_and_is_there_once_is_good(world: World, order: Order, tmp_path: Path) -> None:
    found = count([journal(tmp_path, f"intent {KEY} plain", f"answer {KEY} 201 {order.number}", f"answer {KEY} 201 {order.number}")], 0, ["A"])
    assert found.good and (found.orders, found.acknowledged) == (1, 1)


@pytest.mark.parametrize(
    ("lines", "field"),
    [((f"intent {KEY} plain", f"answer {KEY} 201 SO-GONE"), "lost"), ((f"intent {KEY} twice", f"answer {KEY} 201 {{number}}", f"answer {KEY} 201 SO-OTHER"), "duplicated"),
     ((), "duplicated"), ((f"intent {KEY} plain",), "unanswered"), ((f"answer {KEY} 201 {{number}}", "shipped 99"), "lost"),
     ((f"answer {KEY} 201 {{number}}", "paid CH1-5"), "lost")],
)  # fmt: skip
def test_what_is_lost_doubled_or_open_is_named(world: World, order: Order, tmp_path: Path, lines: tuple[str, ...], field: str) -> None:
    found = count([journal(tmp_path, *(line.format(number=order.number) for line in lines))], 0, ["A"])
    assert getattr(found, field) and not found.good


def test_a_payment_that_was_applied_twice_is_named(world: World, order: Order, tmp_path: Path) -> None:
    bank = BankAccount.objects.create(name="House bank", iban="FR7630006000011234567890189", currency_id="EUR")
    line = NewBankLine(date(2026, 1, 1), date(2026, 1, 1), Decimal(9), reference="CH1-5")
    bring_payments([OldPayment("P1", world.customer.pk, world.account.pk, bank.pk, line, Decimal(9))], by=world.system)
    told = journal(tmp_path, f"answer {KEY} 201 {order.number}", "paid CH1-5")
    assert count([told], 0, ["A"]).good
    bring_payments([OldPayment("P2", world.customer.pk, world.account.pk, bank.pk, line, Decimal(9))], by=world.system)
    assert count([told], 0, ["A"]).duplicated == ["payment of CH1-5"] and Payment.objects.count() == 2


class Shaky(http.server.BaseHTTPRequestHandler):
    """Answers 503, then nothing at all, then the order."""

    asked: list[str] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        json.loads(body)
        self.asked.append(self.headers["Idempotency-Key"])
        if len(self.asked) == 1:
            self.send_response(503)
            self.end_headers()
        elif len(self.asked) == 2:
            self.close_connection = True
        else:
            self.send_response(201)
            self.end_headers()
            self.wfile.write(b'{"number": "SO1"}')

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    Shaky.asked.clear()
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shaky)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{made.server_address[1]}"
    made.shutdown()
    made.server_close()


def test_an_outcome_that_is_not_known_is_asked_for_with_the_same_key(server: str, tmp_path: Path) -> None:
    partner = Partner(server, ["token"], ["A"], Journal(tmp_path / "partner"), random.Random(1))
    partner.insist("token", KEY, b'{"lines": []}', -TRIES_SECONDS)
    assert Shaky.asked == [KEY]  # its time is over: it stops after one try and stays unanswered
    partner.insist("token", KEY, b'{"lines": []}', float("inf"))
    assert Shaky.asked == [KEY] * 3
    assert partner.journal.lines() == [["answer", KEY, "201", "SO1"]]
    assert partner.statuses == {"503": 1, "none": 1, "201": 1}
