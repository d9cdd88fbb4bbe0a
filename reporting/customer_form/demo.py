"""What gives the practice company's customers a story: a return, credits, a cancelled invoice, a cut limit, quotas."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from customers.parties.models import Customer
from customers.parties.services import CUSTOMER_FIELDS, CustomerRow, upsert_customers
from oms.accounts.models import User
from oms.changes.services import confirm
from oms.events.tasks import drain_all
from orders.book.choices import OrderStatus
from orders.book.models import Order
from orders.fulfilment.models import ShipmentLine
from orders.holds.services import QuotaRow, set_quotas
from orders.invoicing.services import propose_cancel_invoice
from orders.returns.services import (
    Came,
    Disposed,
    Item,
    Settled,
    authorise,
    dispose,
    inspect,
    receive_return,
    request_return,
    settle,
)
from payments.billing.models import Invoice
from payments.billing.services import propose_credit
from payments.credit.models import CreditAccount
from payments.credit.services import lower_limit

STEP = 94


def fill(by: Any) -> None:
    """One story each for a handful of customers."""
    people = {u.username: u for u in User.objects.all()}
    send_back(people)
    correct_invoices(people)
    change_terms(people, by)
    drain_all()


def send_back(people: dict[str, User]) -> None:
    """Some units of the first French delivery come back damaged and are credited."""
    line = (ShipmentLine.objects.filter(delivered__gte=4, returned=0, shipment__order__customer__post__code="FR-SALES", shipment__order__customer__terms_days__gt=14)
            .select_related("line__product", "shipment__order__customer").order_by("pk").first())  # fmt: skip
    if line is None or line.line.product is None:
        return
    units = line.delivered // 4
    back = request_return(line.shipment.order.customer.code, [Item(line.line.product.sku, units, "damaged", "credit")], by=people["sofia"])
    pk = back.lines.get().pk
    authorise(back.pk, None, by=people["amelie"])
    receive_return(back.pk, {pk: Came(units)}, by=people["walid"])
    inspect(back.pk, {pk: "damaged"}, by=people["walid"])
    dispose(back.pk, {pk: Disposed(scrap=units)}, by=people["walid"])
    settle(back.pk, {pk: Settled("credit")}, by=people["fiona"])


def correct_invoices(people: dict[str, User]) -> None:
    """One invoice is credited in price, one is cancelled because it named the wrong address."""
    running = Order.objects.filter(status=OrderStatus.APPROVED).values("pk")
    first, second = Invoice.objects.filter(order_id__in=running, applied=0, credited=0, total__gt=100).order_by("-pk")[:2]
    tenth = (first.total / 10).quantize(Decimal("0.01"))
    confirm(propose_credit(first.pk, "The price agreed by telephone", amount=tenth, by=people["fiona"]).pk, by=people["marc"])
    confirm(propose_cancel_invoice(second.pk, "It named the wrong address", by=people["fiona"]).pk, by=people["marc"])


def change_terms(people: dict[str, User], by: Any) -> None:
    """A limit is cut, days to pay shortened, and two families are rationed this month."""
    today = date.today()
    account = CreditAccount.objects.get(payer__code="C1010")
    lower_limit(account.pk, account.limit / 2, "Two cheques came late; smaller steps from now on", by=people["fiona"])
    customer = Customer.objects.get(code="C1010")
    upsert_customers([CustomerRow("C1010", {f: getattr(customer, f) for f in CUSTOMER_FIELDS} | {"terms_days": 14})], by=by)
    span = (today.replace(day=1), today.replace(day=28) + timedelta(days=10))
    mine = Customer.objects.get(code="C1001").pk
    set_quotas([QuotaRow(None, "Power tools", mine, "", None, None, *span, 60), QuotaRow(None, "Safety", None, "trade", None, None, *span, 900)],
               by=people["marc"])  # fmt: skip
