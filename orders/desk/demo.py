"""The practice company's orders, in every state, entered and moved by its people through the use cases."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from customers.parties.models import Customer
from inventory.catalog.models import Product
from oms.access.services import create_partner_key
from oms.accounts.models import User
from oms.events.tasks import drain_all
from oms.kernel.errors import Conflict, Forbidden
from oms.runtime import paths
from orders.approval.services import decide
from orders.book.models import Order
from orders.entry.domain import ChargeRequest, EntryRequest, LineRequest
from orders.entry.services import submit
from orders.fulfilment.models import Shipment
from orders.fulfilment.services import deliver, pack, pick, release, ship
from payments.bank.models import BankAccount
from payments.bank.services import NewBankLine, apply_line, import_statement, record_bank_line
from payments.billing.models import Invoice

STEP = 90
NOT_RELEASED = 3  # the last ones approved: somebody should look at them


def fill(by: Any) -> None:
    """About fifty orders over three weeks: paid, shipped, released, waiting, held."""
    people = {u.username: u for u in User.objects.all()}
    chance = random.Random(11)
    skus = list(Product.objects.order_by("sku").values_list("sku", flat=True))
    now = datetime.now(UTC).replace(hour=9, minute=15, second=0, microsecond=0)
    for n in range(50):
        enter(n, now - timedelta(days=21 - n * 0.42), chance, skus, people)
    fulfil(people, now)
    collect(people, now)
    _key, raw = create_partner_key(people["petra"].pk, "Hansa Werkzeug shop", ["orders", "channels"], by=by)
    (paths.var() / "partner.key").write_text(raw)


def enter(n: int, at: datetime, chance: random.Random, skus: list[str], people: dict[str, User]) -> None:
    """One order by the sales person of a customer's country; the older ones are decided."""
    customer = Customer.objects.order_by("code")[n * 7 % 24]
    clerk = people["sofia" if customer.addresses.get().country == "FR" else "jonas"]
    if customer.post.code == "IT-SALES":
        clerk = people["marc"]
    lines = tuple(
        LineRequest(sku, Decimal(chance.choice([2, 4, 6, 12, 24, 48])))
        for sku in chance.sample(skus, chance.choice([1, 2, 3, 4, 6]))
    )
    request = EntryRequest(
        customer.code, lines, chance.choice(["web", "web", "phone"]), customer_po=f"B-{5200 + n}" if n % 3 else "",
        requested_date=(at + timedelta(days=chance.choice([2, 4, 7, 14]))).date(),
        charges=(ChargeRequest("Freight", Decimal("12.50")),) if n % 2 else (),
    )  # fmt: skip
    try:
        answer = submit(request, by=clerk, at=at)
    except Conflict:
        return
    if n < 40 and answer.status == "submitted" and not answer.holds:
        judge = people["amelie"] if answer.approval == "approver" and clerk.username != "amelie" else people["marc"]
        if judge.pk != clerk.pk and answer.order_id:
            with suppress(Forbidden):  # with the customer's other orders of that day it is above the judge's limit: it waits
                decide(answer.order_id, None, by=judge, at=at + timedelta(hours=3))


def fulfil(people: dict[str, User], now: datetime) -> None:
    """Release everything due; the older shipments have gone and most have arrived; some stand in the warehouse today."""
    approved = list(Order.objects.filter(status="approved").order_by("approved_at").values_list("pk", "approved_at"))
    for order_id, approved_at in approved:
        release([order_id], by=people["marc"], at=min(approved_at + timedelta(days=1), now))
    for i, shipment in enumerate(Shipment.objects.filter(status="released").order_by("planned_date", "pk")):
        left = min(datetime.combine(shipment.planned_date, now.timetz()), now)
        if left >= now:
            continue
        ship(shipment.pk, by=people["walid"], at=left, tracking_number=f"XP{730000 + i}FR")
        arrived = max(shipment.delivery_date, left.date())
        if arrived < now.date():
            deliver(shipment.pk, arrived, "signature", by=people["walid"], at=now)
    drain_all()
    for order_id, _approved_at in approved[:-NOT_RELEASED]:
        for shipment_id in release([order_id], by=people["marc"], at=now):
            begin(Shipment.objects.get(pk=shipment_id), people["walid"])


def begin(shipment: Shipment, walid: User) -> None:
    """Every second shipment is being picked, every fourth is picked whole and packed."""
    if shipment.pk % 2:
        return
    lines = list(shipment.lines.select_related("product").order_by("pk"))
    for line in lines if not shipment.pk % 4 else lines[:1]:
        pick(shipment.pk, line.product.sku, line.quantity, by=walid, line_id=line.pk)
    if not shipment.pk % 4:
        pack(shipment.pk, by=walid)


def collect(people: dict[str, User], now: datetime) -> None:
    """Bank lines for every second invoice; most are applied, some wait for finance."""
    bank = BankAccount.objects.get()
    for i, invoice in enumerate(Invoice.objects.order_by("pk").select_related("customer")):
        if i % 2:
            continue
        day = now.date() - timedelta(days=i % 5)
        line = record_bank_line(
            bank.pk,
            NewBankLine(day, day, invoice.total, text=f"{invoice.number} {invoice.order_number}", counterparty=invoice.customer.name),
            by=people["fiona"],
        )  # fmt: skip
        if i % 6:
            apply_line(line, invoice.customer_id, {invoice.pk: invoice.total}, by=people["fiona"])
    import_statement(statement(now), "releve-0247.sta", by=people["fiona"])
    drain_all()


def statement(now: datetime) -> bytes:
    """Yesterday's statement of the bank as MT940: payers who name the invoice, the order, nothing, or pay two at once."""
    day = now - timedelta(days=1)
    unpaid = list(Invoice.objects.filter(applied=0).order_by("-pk").select_related("customer"))
    named, ordered, silent, short = unpaid[:4]
    twice = next(([a, b] for a in unpaid[4:] for b in unpaid[4:] if a.pk < b.pk and a.customer_id == b.customer_id), unpaid[4:5])
    rows = [
        (named.total, f"FACTURE {named.number}", named.customer.name),
        (ordered.total, f"COMMANDE {ordered.order_number}", ordered.customer.name),
        (silent.total, "MERCI", "SEPA 88120"),
        (short.total - Decimal("12.50"), f"{short.number} MOINS TRANSPORT", short.customer.name),
        (sum(x.total for x in twice), "DEUX FACTURES", twice[0].customer.name),
        (Decimal("150.00"), "ACOMPTE", twice[0].customer.name),
    ]
    lines = "".join(
        f":61:{day:%y%m%d}{day:%m%d}C{amount:.2f}NTRFNONREF//B{n:05}\n:86:166?00VIREMENT RECU?20{said}?32{name[:27]}\n".replace(".", ",", 1)
        for n, (amount, said, name) in enumerate(rows, start=1)
    )
    total, opening = sum(amount for amount, _said, _name in rows), Decimal("48211.07")
    money = [f"{x:.2f}".replace(".", ",") for x in (opening, opening + total)]
    return (
        f":20:RELEVE\n:25:{BankAccount.objects.get().iban}\n:28C:247/1\n:60F:C{day:%y%m%d}EUR{money[0]}\n{lines}"
        f":62F:C{day:%y%m%d}EUR{money[1]}\n-\n"
    ).encode()
