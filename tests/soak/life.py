"""A company's life by chance: every use case that moves an order, its goods or its money, in any order, by whoever may.

A step is done or refused; a refused one must leave no event behind. What only a person outside would know (which step makes
sense) is left to chance, so that most orders of steps come up that nobody thought of.
"""

from __future__ import annotations

import io
import random
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.core.management import CommandError, call_command
from django.db.models import F

from inventory.models import ExpectedReceipt
from inventory.stock.services import Received, expect_receipt, receive
from oms.changes.models import ChangeRequest
from oms.changes.services import confirm, reject
from oms.events.models import Event
from oms.events.tasks import DeliveriesFailed, drain_all
from oms.kernel.errors import OMSError
from orders.approval.services import Decision, decide, reapprove
from orders.entry.domain import ChargeRequest, EntryRequest, LineRequest
from orders.entry.domain.amending import Amendment, LineChange
from orders.entry.services import amend, cancel, cancel_rest, recall, reopen, submit
from orders.fulfilment.services import (
    Adjusted,
    Gone,
    HasShipped,
    WasCounted,
    cancel_shipment,
    clear_by_approval,
    clear_by_return,
    deliver,
    delivery_failed,
    delivery_return,
    lost,
    pack,
    pick,
    pick_short,
    post_fact,
    propose_write_off,
    release,
    reverse_shipment,
    ship,
)
from orders.holds.services import place_hold, release_hold
from orders.invoicing.services import propose_cancel_invoice
from orders.models import Discrepancy, Hold, Order, OrderLine, Return, Shipment
from orders.planning.services import run as plan
from orders.returns.services import (
    Allowed,
    Came,
    Disposed,
    Item,
    Settled,
    authorise,
    dispose,
    inspect,
    receive_return,
    request_return,
    send_return,
    settle,
    withdraw_return,
)
from payments.bank.models import BankAccount, Payment
from payments.bank.services import NewBankLine, apply_line, record_bank_line, reverse_payment
from payments.billing.services import propose_credit
from payments.models import Invoice
from tests.world import World, make_customer, open_account

SKUS = ("A", "B", "C")


class Life:
    """One company and its chance. `step` does one thing; `done` counts what was done and what was refused, by name."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.r = world, random.Random(seed)
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.serial = 0
        self.bank = BankAccount.objects.create(name="House bank", iban="FR7630006000011234567890189", currency_id="EUR")
        other = make_customer("BETA", "Beta", world.post)
        open_account(other, Decimal(3_000))
        self.steps: dict[str, tuple[int, Callable[[], Any]]] = {
            "enter": (8, self.enter), "decide": (6, self.decide), "reapprove": (2, self.reapprove), "amend": (4, self.amend), "cancel": (1, self.cancel),
            "cancel_rest": (1, self.cancel_rest), "recall": (1, self.recall), "reopen": (1, self.reopen), "hold": (1, self.hold), "lift": (2, self.lift),
            "release": (5, self.release), "pick": (3, self.pick), "pick_short": (1, self.pick_short), "pack": (1, self.pack), "ship": (5, self.ship),
            "cancel_shipment": (1, self.cancel_shipment), "deliver": (4, self.deliver), "fail": (1, self.fail), "come_back": (1, self.come_back),
            "lose": (1, self.lose), "reverse": (1, self.reverse), "count": (1, self.count), "adjust": (1, self.adjust), "gone": (1, self.gone),
            "expect": (1, self.expect), "receive": (3, self.receive), "clear": (2, self.clear), "plan": (1, self.plan), "news": (6, self.news),
            "pay": (4, self.pay), "unpay": (1, self.unpay), "credit": (1, self.credit), "cancel_invoice": (1, self.cancel_invoice),
            "confirm": (4, self.confirm), "ask_back": (2, self.ask_back), "allow": (2, self.allow), "come": (3, self.come), "look": (2, self.look),
            "place": (2, self.place), "settle": (2, self.settle), "withdraw": (1, self.withdraw),
        }  # fmt: skip

    def step(self) -> str:
        """One step by chance. AssertionError when a refused one left something behind."""
        names = list(self.steps)
        name = self.r.choices(names, [self.steps[n][0] for n in names])[0]
        before = Event.objects.count()
        try:
            said = self.steps[name][1]()
        except OMSError as error:
            assert Event.objects.count() == before, f"{name} was refused ({error.code}) and left an event"
            self.refused[f"{name}: {error.code}"] += 1
        else:
            self.done[name] += said is not None
        return name

    def some(self, rows: Any) -> Any:
        """One row by chance, among the latest; None when there is none."""
        found = list(rows.order_by("-pk")[:12])
        return self.r.choice(found) if found else None

    # Orders

    def enter(self) -> Any:
        lines = tuple(
            LineRequest(sku, Decimal(self.r.choice([1, 2, 5, 10, 30, 70])), price=self.r.choice([None, None, Decimal("7.77")]), reason="soak", no_split=self.r.random() < 0.2)
            for sku in self.r.sample(SKUS, self.r.choice([1, 1, 2, 3]))
        )  # fmt: skip
        charges = (ChargeRequest("Freight", Decimal("9.90")),) if self.r.random() < 0.4 else ()
        request = EntryRequest(self.r.choice(["ACME", "ACME", "BETA"]), lines, "web", charges=charges, shortage_rule=self.r.choice([None, None, "cancel", "refuse"]),
                               criticality=self.r.choice([None, 1, 3]), requested_date=date.today() + timedelta(days=self.r.randint(0, 20)),
                               delivery_rule=self.r.choice([None, 1]))  # fmt: skip
        return submit(request, by=self.r.choice([self.world.sales, self.world.manager]))

    def order(self, *statuses: str) -> Order | None:
        return self.some(Order.objects.filter(status__in=statuses) if statuses else Order.objects.all())

    def decide(self) -> Any:
        if (order := self.order("submitted", "approved")) is None:
            return None
        decisions = None
        if self.r.random() < 0.5:
            decisions = {}
            for line in order.lines.filter(product__isnull=False):
                approve = self.r.randint(0, line.pending)
                cut = self.r.choice([0, line.pending - approve])
                decisions[line.pk] = Decision(approve, cut, "no_stock" if cut else "")
        return decide(order.pk, decisions, by=self.r.choice([self.world.approver, self.world.manager]), accept_changes=True)

    def reapprove(self) -> Any:
        hold = self.some(Hold.objects.filter(kind="reapproval", released_at=None))
        return hold and reapprove(hold.order_id, by=self.world.manager)

    def amend(self) -> Any:
        if (order := self.order("submitted", "approved")) is None:
            return None
        changes = []
        for line in order.lines.all():
            if self.r.random() < 0.6:
                quantity = self.r.randint(0, line.quantity_ordered + 10) if self.r.random() < 0.7 else None
                changes.append(LineChange(line.pk, quantity, self.r.choice([None, None, Decimal("6.50")])))
        added = (LineRequest(self.r.choice(SKUS), Decimal(self.r.randint(1, 9))),) if self.r.random() < 0.3 else ()
        day = order.requested_date + timedelta(days=self.r.randint(-3, 9)) if self.r.random() < 0.3 else None
        return amend(order.pk, Amendment(tuple(changes), added, day, reason="soak"), by=self.r.choice([self.world.sales, self.world.manager]), version=order.version)

    def cancel(self) -> Any:
        order = self.order()
        return order and (cancel(order.pk, "soak", by=self.world.sales) or True)

    def cancel_rest(self) -> Any:
        order = self.order("approved")
        return order and cancel_rest(order.pk, "soak", by=self.world.sales)

    def recall(self) -> Any:
        order = self.order("submitted")
        return order and recall(order.pk, by=self.world.manager)

    def reopen(self) -> Any:
        order = self.order("completed")
        return order and reopen(order.pk, "soak", by=self.world.manager)

    def hold(self) -> Any:
        order = self.order("submitted", "approved")
        return order and (place_hold(order.pk, "soak", by=self.world.manager) or True)

    def lift(self) -> Any:
        hold = self.some(Hold.objects.filter(released_at=None))
        by = self.r.choice([self.world.manager, self.world.finance, self.world.approver])
        return hold and (release_hold(hold.pk, "soak", by=by) or True)

    # Goods

    def release(self) -> Any:
        order = self.order("approved")
        return order and release([order.pk], by=self.world.manager, early=self.r.random() < 0.7)

    def shipment(self, *statuses: str) -> Shipment | None:
        return self.some(Shipment.objects.filter(status__in=statuses))

    def pick(self) -> Any:
        if (shipment := self.shipment("released", "picking")) is None:
            return None
        line = self.r.choice(list(shipment.lines.filter(posted=False).select_related("product")) or [None])
        return line and pick(shipment.pk, line.product.sku, self.r.randint(1, line.quantity), by=self.world.warehouse)

    def pick_short(self) -> Any:
        if (shipment := self.shipment("released", "picking")) is None:
            return None
        line = self.r.choice(list(shipment.lines.filter(posted=False)) or [None])
        return line and pick_short(shipment.pk, line.pk, self.r.randint(1, line.quantity), "missing", by=self.world.warehouse)

    def pack(self) -> Any:
        shipment = self.shipment("picked")
        return shipment and pack(shipment.pk, by=self.world.warehouse)

    def ship(self) -> Any:
        if (shipment := self.shipment("released", "picking", "picked", "packed")) is None:
            return None
        quantities = {x.pk: self.r.randint(0, x.quantity) for x in shipment.lines.filter(posted=False)} if self.r.random() < 0.3 else None
        return ship(shipment.pk, quantities, by=self.world.warehouse)

    def cancel_shipment(self) -> Any:
        shipment = self.shipment("released", "picking", "picked", "packed")
        return shipment and cancel_shipment(shipment.pk, "soak", by=self.world.warehouse)

    def deliver(self) -> Any:
        shipment = self.shipment("shipped", "in_transit", "failed", "lost")
        return shipment and deliver(shipment.pk, max(date.today(), shipment.shipped_at.date()), "signature", by=self.world.warehouse)

    def fail(self) -> Any:
        shipment = self.shipment("shipped", "in_transit")
        return shipment and delivery_failed(shipment.pk, "soak", by=self.world.warehouse)

    def come_back(self) -> Any:
        shipment = self.shipment("failed")
        return shipment and delivery_return(shipment.pk, by=self.world.warehouse)

    def lose(self) -> Any:
        shipment = self.shipment("shipped", "in_transit", "failed")
        return shipment and lost(shipment.pk, "soak", by=self.world.warehouse)

    def reverse(self) -> Any:
        shipment = self.shipment("shipped")
        return shipment and reverse_shipment(shipment.pk, "soak", by=self.world.warehouse)

    def place_of(self) -> tuple[int, int]:
        """(product, location) by chance."""
        return self.world.products[self.r.choice(SKUS)].pk, self.r.choice([self.world.lyon, self.world.turin])

    def count(self) -> Any:
        from inventory.stock.services import Counted

        product, location = self.place_of()
        return post_fact(WasCounted(location, [Counted(product, "", "", self.r.choice([0, 3, 20, 60]))]), by=self.world.warehouse)

    def adjust(self) -> Any:
        from inventory.stock.services import Change

        product, location = self.place_of()
        return post_fact(Adjusted(location, [Change(product, "", "", self.r.choice([-20, -3, 2, 15]))], "breakage"), by=self.world.warehouse)

    def gone(self) -> Any:
        product, location = self.place_of()
        order, shipment = self.order("approved"), self.shipment("released", "picked")
        named = self.r.choice([("", ""), ("", order.number if order else ""), (shipment.number if shipment else "", "")])
        return post_fact(HasShipped(location, [Gone(product, self.r.randint(1, 8))], *named), by=self.world.warehouse)

    def expect(self) -> Any:
        self.serial += 1
        product, location = self.place_of()
        return expect_receipt(product, location, f"SOAK-{self.serial}", date.today() + timedelta(days=self.r.randint(1, 30)), self.r.randint(5, 60), by=self.world.system) or True

    def receive(self) -> Any:
        self.serial += 1
        receipt = self.some(ExpectedReceipt.objects.filter(status="open", quantity__gt=F("received")))
        product, location = (receipt.product_id, receipt.location_id) if receipt else self.place_of()
        return receive(location, [Received(product, self.r.randint(1, 50), receipt.pk if receipt else None)], source=f"soak-{self.serial}", by=self.world.warehouse)

    def clear(self) -> Any:
        found = self.some(Discrepancy.objects.filter(quantity__gt=F("cleared")))
        if found is None:
            return None
        way, units = self.r.choice(["approval", "return", "write_off"]), self.r.randint(1, found.open)
        if way == "write_off":
            return propose_write_off(found.pk, "soak", by=self.world.warehouse)
        if way == "return":
            return clear_by_return(found.pk, units, by=self.world.warehouse) or True
        line = self.some(OrderLine.objects.filter(product=found.product_id, order__status="approved"))
        return line and (clear_by_approval(found.pk, line.pk, units, by=self.world.manager) or True)

    def plan(self) -> Any:
        self.serial += 1
        return plan(lambda _done, _all: None, by=self.world.system, slot=f"soak-{self.serial}", policy=self.r.choice(["improve", "strict"]))

    def news(self) -> Any:
        return handled() or True

    # Money

    def pay(self) -> Any:
        invoice = self.some(Invoice.objects.filter(total__gt=F("applied") + F("credited")))
        if invoice is None:
            return None
        self.serial += 1
        amount = invoice.open_amount if self.r.random() < 0.7 else round(invoice.open_amount * Decimal(self.r.choice(["0.5", "1.25"])), 2)
        today = date.today()
        line = record_bank_line(self.bank.pk, NewBankLine(today, today, amount, reference=f"soak {self.serial}"), by=self.world.finance)
        return apply_line(line, invoice.customer_id, {invoice.pk: min(amount, invoice.open_amount)}, by=self.world.finance)

    def unpay(self) -> Any:
        payment = self.some(Payment.objects.exclude(clearing__in=Payment.GONE))
        return payment and reverse_payment(payment.pk, "soak", by=self.world.finance)

    def credit(self) -> Any:
        invoice = self.some(Invoice.objects.filter(total__gt=F("noted")))
        if invoice is None:
            return None
        amount = round((invoice.total - invoice.noted) * Decimal(self.r.choice(["0.33", "1"])), 2)
        return propose_credit(invoice.pk, "soak", amount=amount, by=self.world.finance)

    def cancel_invoice(self) -> Any:
        invoice = self.some(Invoice.objects.filter(cancelled=False))
        return invoice and propose_cancel_invoice(invoice.pk, "soak", by=self.world.finance)

    def confirm(self) -> Any:
        change = self.some(ChangeRequest.objects.filter(state="proposed"))
        if change is None:
            return None
        return confirm(change.pk, by=self.world.manager) if self.r.random() < 0.8 else reject(change.pk, "soak", by=self.world.manager)

    # Returns

    def ask_back(self) -> Any:
        line = self.some(OrderLine.objects.filter(quantity_shipped__gt=0).select_related("order__customer", "product"))
        if line is None:
            return None
        wanted = self.r.choice(["credit", "refund", "replace"])
        item = Item(line.product.sku, self.r.randint(1, line.quantity_shipped), self.r.choice(["damaged", "unwanted"]), wanted, order=line.order.number)
        return request_return(line.order.customer.code, [item], by=self.world.sales)

    def lines_of(self, *statuses: str) -> tuple[Return | None, list[Any]]:
        """A return with lines in these statuses, and those lines."""
        returned = self.some(Return.objects.filter(lines__status__in=statuses).distinct())
        return returned, list(returned.lines.filter(status__in=statuses)) if returned else []

    def allow(self) -> Any:
        returned, lines = self.lines_of("requested")
        if returned is None:
            return None
        decisions = {x.pk: Allowed(self.r.randint(0, x.quantity_requested), "soak") for x in lines}
        authorise(returned.pk, decisions, by=self.world.approver)
        return send_return(returned.pk, by=self.world.sales) if any(d.quantity for d in decisions.values()) and self.r.random() < 0.5 else True

    def come(self) -> Any:
        returned, lines = self.lines_of("authorised", "in_transit", "received")
        return returned and receive_return(returned.pk, {x.pk: Came(self.r.randint(1, x.quantity_requested + 1)) for x in lines}, by=self.world.warehouse)

    def look(self) -> Any:
        returned, lines = self.lines_of("received")
        return returned and inspect(returned.pk, {x.pk: self.r.choice(["as_new", "damaged", "wrong"]) for x in lines}, by=self.world.warehouse)

    def place(self) -> Any:
        returned, lines = self.lines_of("inspected")
        if returned is None:
            return None
        parts = {}
        for x in lines:
            cuts = sorted(self.r.randint(0, x.quantity_received) for _n in range(2))
            parts[x.pk] = Disposed(cuts[0], cuts[1] - cuts[0], x.quantity_received - cuts[1])
        return dispose(returned.pk, parts, by=self.world.warehouse)

    def settle(self) -> Any:
        returned, lines = self.lines_of("dispositioned")
        return returned and settle(returned.pk, {x.pk: Settled(self.r.choice([x.wanted, "credit"]), Decimal(self.r.choice([0, 0, 1]))) for x in lines}, by=self.world.finance)

    def withdraw(self) -> Any:
        returned, _lines = self.lines_of("requested", "authorised", "in_transit")
        return returned and withdraw_return(returned.pk, "soak", by=self.world.sales)


REFUSALS = (": Conflict: ", ": Stale: ", ": Invalid: ")


def handled() -> int:
    """Every news handled; what a consumer refuses (a hold on invoicing) waits for a person, anything else is a fault."""
    try:
        return drain_all()
    except DeliveriesFailed as error:
        broken = [line for line in str(error).splitlines() if not any(word in line for word in REFUSALS)]
        assert not broken, "\n".join(broken)
        return 0


def verified(*options: str, **more: Any) -> None:
    """Every check holds; AssertionError with those that do not."""
    handled()
    out = io.StringIO()
    try:
        call_command("verify", *options, stdout=out, **more)
    except CommandError as error:
        bad = "\n".join(line for line in out.getvalue().splitlines() if line.startswith(("FAIL", " ")))
        raise AssertionError(f"{error}\n{bad}") from None
