"""A case is opened: whose it is, what it is about, and until when it is to be answered and resolved."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from customers.parties.models import Contact, Customer
from customers.territory.selectors import customer_filter
from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Invalid, NotFound
from orders.book.models import Order, OrderLine
from orders.fulfilment.models import Shipment
from orders.service.choices import CaseKind, CaseStatus, Channel, Direction, Priority
from orders.service.locks import lock_cases
from orders.service.models import Case, CaseFile, CaseMessage
from orders.service.selectors import clock
from payments.billing.models import Invoice
from payments.billing.selectors import orders_of

LONGEST, TITLE, FILES, FILE_BYTES = 8_000, 200, 5, 5 * 2**20


@dataclass(frozen=True)
class NewFile:
    """A file as it came."""

    name: str
    content: bytes


@dataclass(frozen=True)
class NewCase:
    """What is known at the start. The customer by code, or by the order, shipment or invoice (numbers) it is about."""

    kind: str
    title: str
    text: str
    customer: str = ""
    order: str = ""
    line: int = 0
    shipment: str = ""
    invoice: str = ""
    priority: str = Priority.NORMAL
    channel: str = Channel.PHONE
    contact_id: int | None = None
    amount: Decimal | None = None
    files: Sequence[NewFile] = ()


@dataclass(frozen=True)
class Ties:
    """What a case hangs on, resolved within what the person may see."""

    customer: Customer
    order: Order | None
    line: OrderLine | None
    shipment: Shipment | None
    invoice: Invoice | None

    def subjects(self, case_id: int) -> list[tuple[str, int]]:
        """The timelines the case's events belong to."""
        found = [("case", case_id), ("customer", self.customer.pk)]
        for kind, tied in (("order", self.order), ("shipment", self.shipment), ("invoice", self.invoice)):
            if tied is not None:
                found.append((kind, tied.pk))
        return found


@use_case("service.open_case")
def open_case(new: NewCase, *, by: Any, at: datetime | None = None) -> Case:
    """Open a case with its first message; both clocks start now.

    Raises Forbidden `not_visible`, Invalid `bad_case` (with the fields), NotFound `no_customer`, `no_order`, `no_shipment`,
    `no_invoice`, Conflict `not_together` for ties that do not belong to one customer and order.
    """
    authorize(by, "service.ask")
    _check(new)
    ties = tied(new, by)
    authorize(by, "service.ask", ties.customer.pk)
    cmd = current()
    runs = clock(new.kind, new.priority, cmd.at)
    case_id, number = _number()
    event = cmd.event("case.opened", ties.subjects(case_id), {"case": case_id, "kind": new.kind, "priority": new.priority, "amount": new.amount})
    case = Case.objects.create(
        pk=case_id, number=number, kind=new.kind, priority=new.priority, title=_clean(new.title), channel=new.channel, customer=ties.customer,
        contact_id=contact_of(ties.customer, new.contact_id), order=ties.order, line=ties.line, shipment=ties.shipment, invoice=ties.invoice,
        amount=new.amount, currency_id=ties.customer.currency_id if new.amount else None, opened_by_id=by.pk, opened_at=cmd.at,
        respond_due=runs.due(cmd.at, runs.respond), resolve_due=runs.due(cmd.at, runs.resolve), event_id=event,
    )  # fmt: skip
    add_message(case, Direction.IN, new.text, new.files, by, event)
    return case


@use_case("service.classify_case")
def classify_case(case_id: int, kind: str, priority: str, title: str, *, by: Any, at: datetime | None = None) -> Case:
    """Another kind, priority or title; the clocks are set anew from when it was opened. Raises Conflict `not_live`, Invalid `bad_case`."""
    case = lock_cases([case_id])[case_id]
    authorize(by, "service.work_case", case.customer_id)
    refuse_unless_live(case)
    title = _clean(title)
    if kind not in CaseKind.values or priority not in Priority.values or not 0 < len(title) <= TITLE:
        raise Invalid(_("Choose a kind, a priority and a title."), code="bad_case")
    cmd = current()
    if (kind, priority) != (case.kind, case.priority):
        runs = clock(kind, priority, case.opened_at)
        case.respond_due, case.resolve_due = runs.due(case.opened_at, runs.respond), runs.due(case.opened_at, runs.resolve)
    cmd.event("case.classified", subjects(case), {"case": case.pk, "kind": [case.kind, kind], "priority": [case.priority, priority]})
    case.kind, case.priority, case.title = kind, priority, title
    case.save(update_fields=["kind", "priority", "title", "respond_due", "resolve_due"])
    return case


def refuse_unless_live(case: Case) -> None:
    """Raises Conflict `not_live` for a case that is resolved or merged."""
    if case.live:
        return
    if case.status == CaseStatus.MERGED and case.merged_into is not None:
        raise Conflict(_("%(number)s was merged into %(into)s.") % {"number": case.number, "into": case.merged_into.number}, code="not_live",
                       clears=_("Work on %(into)s.") % {"into": case.merged_into.number})
    raise Conflict(_("%(number)s is resolved.") % {"number": case.number}, code="not_live", clears=_("Open it again first."))


def subjects(case: Case) -> list[tuple[str, int]]:
    """The timelines an event of a case belongs to."""
    found = [("case", case.pk), ("customer", case.customer_id)]
    ties = (("order", case.order_id), ("shipment", case.shipment_id), ("invoice", case.invoice_id))
    return [*found, *((kind, pk) for kind, pk in ties if pk)]


def tied(new: NewCase, by: Any) -> Ties:
    """The customer and what the case is about; each within the row filter and all of one customer."""
    seen = Customer.objects.filter(customer_filter(by))
    invoice = shipment = order = line = None
    if new.invoice:
        invoice = Invoice.objects.filter(number=new.invoice, customer__in=seen).first()
        _found(invoice, _("There is no invoice %(number)s."), new.invoice, "no_invoice")
    if new.shipment:
        shipment = Shipment.objects.filter(number=new.shipment, order__customer__in=seen).select_related("order").first()
        _found(shipment, _("There is no shipment %(number)s."), new.shipment, "no_shipment")
    wanted = {"number": new.order} if new.order else {"pk": shipment.order_id} if shipment else {"pk": invoice.order_id} if invoice and invoice.order_id else None
    if wanted:
        order = Order.objects.filter(customer__in=seen, **wanted).first()
        _found(order, _("There is no order %(number)s."), new.order, "no_order")
    if new.line:
        line = OrderLine.objects.filter(order=order, position=new.line).first() if order else None
        _found(line, _("The order has no line %(number)s."), str(new.line), "no_line")
    ids = {x.customer_id for x in (invoice, order) if x is not None}
    customer = seen.filter(code=new.customer).first() if new.customer else seen.filter(pk__in=ids).first()
    _found(customer, _("There is no customer %(number)s."), new.customer, "no_customer")
    assert customer is not None
    if ids - {customer.pk} or (shipment and order and shipment.order_id != order.pk) or (invoice and order and order.pk not in (orders_of([invoice]) or [order.pk])):
        raise Conflict(_("The order, shipment and invoice do not belong together."), code="not_together", clears=_("Leave the wrong one out."))
    return Ties(customer, order, line, shipment, invoice)


def _found(row: Any, text: str, number: str, code: str) -> None:
    if row is None:
        raise NotFound(text % {"number": number}, code=code, errors=[{"field": code.removeprefix("no_"), "message": text % {"number": number}}])


def contact_of(customer: Customer, contact_id: int | None) -> int | None:
    """The contact, when it is one of the customer's; Invalid `contact_of_other`."""
    if contact_id and not Contact.objects.filter(pk=contact_id, customer=customer).exists():
        raise Invalid(_("Choose a contact of this customer."), code="contact_of_other", errors=[{"field": "contact", "message": _("Choose a contact of this customer.")}])
    return contact_id


def _clean(text: str) -> str:
    return text.replace("\x00", "").strip()


def _check(new: NewCase) -> None:
    """Invalid `bad_case` with every field that is wrong."""
    wrong = {
        "kind": new.kind not in CaseKind.values, "priority": new.priority not in Priority.values, "channel": new.channel not in Channel.values,
        "title": not 0 < len(_clean(new.title)) <= TITLE, "text": not 0 < len(_clean(new.text)) <= LONGEST,
    }  # fmt: skip
    said = {"title": _("Say in a few words what it is about."), "text": _("Say what the customer said.")}
    errors = [{"field": name, "message": said.get(name, _("Choose one of the list."))} for name, bad in wrong.items() if bad]
    if new.amount is not None and (new.kind != CaseKind.CLAIM or new.amount <= 0):
        errors.append({"field": "amount", "message": _("A claim wants an amount above 0; other kinds none.")})
    if errors:
        raise Invalid(" ".join(e["message"] for e in errors), code="bad_case", errors=errors)


def add_message(case: Case, direction: str, text: str, files: Sequence[NewFile], by: Any, event: int) -> CaseMessage:
    """Part: keep what was said, with its files. Invalid `text_missing`, `too_long`, `too_many_files`, `file_too_large`."""
    text = _clean(text)
    if not text:
        raise Invalid(_("Say something."), code="text_missing", errors=[{"field": "text", "message": _("Say something.")}])
    if len(text) > LONGEST:
        raise Invalid(_("At most %(n)s characters.") % {"n": LONGEST}, code="too_long", errors=[{"field": "text", "message": _("That is too long.")}])
    if len(files) > FILES:
        raise Invalid(_("At most %(n)s files at once.") % {"n": FILES}, code="too_many_files")
    for file in files:
        if not 0 < len(file.content) <= FILE_BYTES:
            raise Invalid(_("%(name)s is empty or larger than %(mb)s MB.") % {"name": file.name, "mb": FILE_BYTES // 2**20}, code="file_too_large")
    message = CaseMessage.objects.create(case=case, direction=direction, text=text, by_id=by.pk, at=current().at, event_id=event)
    CaseFile.objects.bulk_create(
        CaseFile(message=message, name=_clean(f.name)[-120:] or "file", size=len(f.content), sha256=hashlib.sha256(f.content).digest(), content=f.content)
        for f in files
    )
    return message


def _number() -> tuple[int, str]:
    """The id and number of a new case."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('orders_case_id_seq'), nextval('orders_case_number')")
        case_id, number = cursor.fetchone()
    return case_id, f"CS{number:07d}"
