"""Load while the house shakes, and what became of it: partners who order by API, people who ship and apply payments.

Every client writes what it is about to do and what it was answered to a file of its own, to the disk, before and after. An
outcome it does not know (a cut, no answer, 503) it asks for again with the same key, as partners are told to. Afterwards each
acknowledged order, shipment and payment must be there once, and nothing else.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import threading
import time
import urllib.parse
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from django.db import DatabaseError, InterfaceError, connection
from django.db.models import F

from customers.parties.models import Customer
from oms.accounts.selectors import system_user
from oms.kernel.errors import Conflict, OMSError, Stale, Unavailable
from orders.book.models import Order
from orders.fulfilment.choices import ShipmentStatus
from orders.fulfilment.models import Shipment
from orders.fulfilment.services import deliver, release, ship
from payments.bank.models import BankAccount, BankLine, Payment
from payments.bank.services import NewBankLine, apply_line, record_bank_line
from payments.billing.models import Invoice

TRIES_SECONDS = 60.0
AGAIN = frozenset({409, 429, 500, 502, 503, 504})
WAYS = ("plain",) * 6 + ("twice", "cut_late", "cut_early", "slow")


@dataclass
class Journal:
    """One client's file: a line an intent or an answer, on the disk before it goes on."""

    path: Path

    def write(self, *words: str) -> None:
        """Append a line and wait for the disk."""
        with self.path.open("a") as file:
            file.write(" ".join(words) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def lines(self) -> list[list[str]]:
        """What was written; a half last line of a killed client is no line."""
        text = self.path.read_text() if self.path.exists() else ""
        return [line.split(" ") for line in text.splitlines() if line]


@dataclass
class Partner:
    """A machine that orders: `keys` are those of its customers."""

    url: str
    keys: Sequence[str]
    skus: Sequence[str]
    journal: Journal
    chance: random.Random
    statuses: Counter[str] = field(default_factory=Counter)

    def work(self, until: float) -> None:
        """Order without a pause until the time (monotonic), then ask until every outcome is known, or a minute is over."""
        while time.monotonic() < until:
            self.order(until)
            self.journal.write("statuses", json.dumps(self.statuses).replace(" ", ""))

    def order(self, until: float) -> None:
        """One order, by one of the ways in which a machine meets a shaking network."""
        lines = [{"sku": sku, "quantity": self.chance.choice([1, 1, 2, 5])} for sku in self.chance.sample(self.skus, self.chance.choice([1, 2, 3]))]
        token, key, body = self.chance.choice(self.keys), str(uuid.UUID(int=self.chance.getrandbits(128))), json.dumps({"lines": lines}).encode()
        way = self.chance.choice(WAYS)
        self.journal.write("intent", key, way)
        if way == "twice":
            first = threading.Thread(target=self.ask, args=(token, key, body))
            first.start()
            self.insist(token, key, body, until)
            first.join()
        elif way == "slow":
            time.sleep(self.chance.uniform(0, 0.2))
            self.insist(token, key, body, until)
        else:
            if way != "plain":
                self.cut(token, key, body, way == "cut_late")
            self.insist(token, key, body, until)

    def insist(self, token: str, key: str, body: bytes, until: float) -> None:
        """Ask with the same key until it is answered for good."""
        pause = 0.05
        while not self.ask(token, key, body) and time.monotonic() < until + TRIES_SECONDS:
            time.sleep(pause)
            pause = min(1.0, pause * 2)

    def link(self) -> http.client.HTTPConnection:
        where = urllib.parse.urlparse(self.url)
        return http.client.HTTPConnection(where.hostname or "", where.port, timeout=20)

    def ask(self, token: str, key: str, body: bytes) -> bool:
        """Send the order; True when the answer is final, which is then written down."""
        link = self.link()
        try:
            link.request("POST", "/api/v1/orders/", body, headers(token, key))
            answer = link.getresponse()
            said = answer.read()
        except (OSError, http.client.HTTPException):
            self.statuses["none"] += 1
            return False
        finally:
            link.close()
        self.statuses[str(answer.status)] += 1
        if answer.status in AGAIN:
            return False
        self.journal.write("answer", key, str(answer.status), json.loads(said)["number"] if answer.status == 201 else "-")
        return True

    def cut(self, token: str, key: str, body: bytes, late: bool) -> None:
        """Send the order, or half of it, and go away without waiting for the answer."""
        link = self.link()
        try:
            link.putrequest("POST", "/api/v1/orders/")
            for name, value in {**headers(token, key), "Content-Length": str(len(body))}.items():
                link.putheader(name, value)
            link.endheaders(body if late else body[: len(body) // 2])
            time.sleep(self.chance.uniform(0, 0.03))
        except OSError:
            pass
        finally:
            link.close()


def headers(token: str, key: str) -> dict[str, str]:
    """Those of an order."""
    return {"Authorization": f"Bearer {token}", "Idempotency-Key": key, "Content-Type": "application/json"}


@dataclass
class House:
    """The people inside: release, ship, deliver, and apply the bank's lines, against the same shaking database."""

    journal: Journal
    chance: random.Random
    after: int
    name: str

    def work(self, until: float) -> None:
        """One step after the other until the time (monotonic)."""
        steps: list[Callable[[], None]] = [self.release, self.ship, self.ship, self.deliver, self.pay, self.pay]
        n = 0
        while time.monotonic() < until:
            n += 1
            step = self.chance.choice(steps)
            try:
                step()
            except (Conflict, Stale, Unavailable):
                pass  # somebody was first, or it is busy: the next one
            except (DatabaseError, InterfaceError):
                connection.close()
                time.sleep(0.2)
            time.sleep(0.02)

    def some(self, rows: Any) -> Any:
        """One of the oldest rows, or None."""
        return self.chance.choice(found) if (found := list(rows[:20])) else None

    def release(self) -> None:
        order = self.some(Order.objects.filter(pk__gt=self.after, status="approved", lines__quantity_approved__gt=F("lines__quantity_shipped") + F("lines__quantity_allocated")).distinct().order_by("pk"))
        if order:
            release([order.pk], by=system_user(), early=True)

    def ship(self) -> None:
        shipment = self.some(Shipment.objects.filter(order__gt=self.after, status=ShipmentStatus.RELEASED).order_by("pk"))
        if shipment:
            self.journal.write("intent", f"ship-{shipment.pk}", "ship")
            ship(shipment.pk, by=system_user())
            self.journal.write("shipped", str(shipment.pk))

    def deliver(self) -> None:
        shipment = self.some(Shipment.objects.filter(order__gt=self.after, status=ShipmentStatus.SHIPPED).order_by("pk"))
        if shipment:
            deliver(shipment.pk, max(date.today(), shipment.shipped_at.date()), "customer", by=system_user())

    def pay(self) -> None:
        """Key the bank's line of an open invoice and apply it; a line that is there already is the first try's."""
        invoice = self.some(Invoice.objects.filter(order_id__gt=self.after, total__gt=F("applied") + F("credited")).order_by("pk"))
        bank = BankAccount.objects.order_by("pk").first()
        if invoice is None or bank is None:
            return
        reference, today = f"{self.name}-{invoice.pk}", date.today()
        self.journal.write("intent", reference, "pay")
        try:
            line = record_bank_line(bank.pk, NewBankLine(today, today, invoice.total, text="chaos", reference=reference), by=system_user())
        except Conflict:
            line = BankLine.objects.values_list("pk", flat=True).get(reference=reference)
        apply_line(line, invoice.customer_id, {invoice.pk: invoice.open_amount}, by=system_user())
        self.journal.write("paid", reference)


@dataclass(frozen=True)
class Outcome:
    """What became of everything that was acknowledged."""

    orders: int
    shipped: int
    paid: int
    lost: list[str]
    duplicated: list[str]
    unanswered: list[str]
    uninvoiced: int
    oversold: int
    given_up: int
    statuses: dict[str, int]

    @property
    def acknowledged(self) -> int:
        """Everything somebody was told is done."""
        return self.orders + self.shipped + self.paid

    @property
    def good(self) -> bool:
        """Whether nothing was lost, doubled, oversold or left open."""
        return not (self.lost or self.duplicated or self.unanswered or self.uninvoiced or self.oversold or self.given_up)


OVERSOLD = """
SELECT coalesce(sum(greatest(0, -(SELECT min(f) FROM unnest(a.free) f))), 0) FROM inventory_availability a
JOIN inventory_product p ON p.id = a.product_id WHERE p.sku = ANY(%s)
"""
UNINVOICED = """
SELECT count(*) FROM orders_shipment s WHERE s.order_id > %s AND s.shipped_at IS NOT NULL AND s.status <> 'reversed'
AND NOT EXISTS (SELECT FROM payments_invoice i WHERE i.shipment_id = s.id AND NOT i.cancelled)
"""


def count(journals: Sequence[Journal], after: int, skus: Sequence[str]) -> Outcome:
    """Compare what was acknowledged with what is there; the partners' orders are those after id `after`."""
    answers: dict[str, set[str]] = {}
    intents: set[str] = set()
    shipped: Counter[str] = Counter()
    paid: Counter[str] = Counter()
    statuses: Counter[str] = Counter()
    for journal in journals:
        last: dict[str, int] = {}
        for kind, *words in journal.lines():
            if kind == "intent" and words[1] not in ("ship", "pay"):
                intents.add(words[0])
            elif kind == "answer":
                answers.setdefault(words[0], set()).add(words[2])
            elif kind == "shipped":
                shipped[words[0]] += 1
            elif kind == "paid":
                paid[words[0]] += 1
            elif kind == "statuses":
                last = json.loads(words[0])
        statuses.update(last)
    numbers = {number for said in answers.values() for number in said} - {"-"}
    there = set(Order.objects.filter(pk__gt=after, customer__in=Customer.objects.filter(code__startswith="CHAOS-")).values_list("number", flat=True))
    lost = sorted(numbers - there)
    doubled = [f"key {key}: {', '.join(sorted(said))}" for key, said in sorted(answers.items()) if len(said) > 1]
    unanswered = sorted(intents - set(answers))
    doubled += sorted(there - numbers)[len(unanswered) :]  # an order whose answer nobody waited for may be there
    gone = set(Shipment.objects.exclude(shipped_at=None).filter(pk__in=[int(pk) for pk in shipped]).values_list("pk", flat=True))
    lost += [f"shipment {pk}" for pk in shipped if int(pk) not in gone]
    for reference in paid:
        payments = Payment.objects.filter(bank_line__reference=reference).count()
        lost += [f"payment of {reference}"] if not payments else []
        doubled += [f"payment of {reference}"] if payments > 1 or BankLine.objects.filter(reference=reference).count() > 1 else []
    with connection.cursor() as cursor:
        cursor.execute(OVERSOLD, [list(skus)])
        oversold = int(cursor.fetchone()[0])
        cursor.execute(UNINVOICED, [after])
        uninvoiced = cursor.fetchone()[0]
        cursor.execute("SELECT count(*) FROM oms_delivery WHERE status = 'dead'")
        given_up = cursor.fetchone()[0]
    return Outcome(len(numbers), len(shipped), len(paid), lost, doubled, unanswered, uninvoiced, oversold, given_up, dict(sorted(statuses.items())))


def insist(do: Callable[[], Any], seconds: float = 60) -> Any:
    """Run something that reads, again while the database is away."""
    until = time.monotonic() + seconds
    while True:
        try:
            return do()
        except (DatabaseError, InterfaceError, OMSError):
            connection.close()
            if time.monotonic() > until:
                raise
            time.sleep(0.3)
