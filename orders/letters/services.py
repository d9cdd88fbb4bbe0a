"""Write letters for news, say who gets what, send one again. What the same news writes twice is one letter (`Mail.key`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django.utils.translation import gettext as _

from customers.parties.models import Contact, Customer
from oms.accounts.policies import authorize
from oms.company.models import ReasonCode
from oms.company.selectors import company
from oms.events.models import EventNote
from oms.events.services import current, use_case
from oms.kernel.errors import Invalid, NotFound
from oms.mail.models import Mail
from oms.mail.services import NewMail, again, queue
from orders.approval.models import ApprovalLine
from orders.book.choices import OrderStatus
from orders.book.models import Order
from orders.fulfilment.models import Shipment
from orders.letters import documents
from orders.letters.choices import LetterKind
from orders.letters.documents import Letter
from orders.letters.models import LetterRule
from orders.letters.selectors import contacts_of, latest, moved, nobody, recipients, rules_of, visible_mail
from orders.planning.selectors import last_promises
from orders.returns.models import Return
from orders.service.models import CaseMessage
from payments.billing.models import CreditNote, DunningNotice, Invoice
from payments.confirmations.models import BalanceConfirmation
from payments.confirmations.services import answer_url

Composer = Callable[[int, int, str], "Letter | None"]


def reasons() -> dict[str, str]:
    """Texts of the reasons why something is cut."""
    return dict(ReasonCode.objects.filter(kind="cut").values_list("code", "text"))


def _decided(order_id: int, event_id: int) -> list[ApprovalLine]:
    rows = ApprovalLine.objects.filter(approval__order_id=order_id, event_id=event_id).select_related("line")
    return sorted(rows, key=lambda d: d.line.position)


def confirmation(order_id: int, event_id: int, language: str) -> Letter | None:
    """Of a decision that approved something; none when all of it was taken back since."""
    order, decided = Order.objects.get(pk=order_id), _decided(order_id, event_id)
    if not any(d.approved > 0 for d in decided):
        return None
    promised = {i: p.delivery_date for i, p in last_promises([d.line_id for d in decided]).items()}
    return documents.confirmation(order, decided, promised, reasons(), language)


def cut(order_id: int, event_id: int, language: str) -> Letter | None:
    """Of a decision that only cut."""
    order = Order.objects.get(pk=order_id)
    return documents.cut(order, _decided(order_id, event_id), reasons(), order.status == OrderStatus.REJECTED, language)


def cancelled(order_id: int, event_id: int, language: str) -> Letter | None:
    """Of an order that was cancelled, or what was left of it."""
    order = Order.objects.get(pk=order_id)
    why = EventNote.objects.filter(event_id=event_id).values_list("text", flat=True).first()
    return documents.cancelled(order, order.status == OrderStatus.CANCELLED, documents.plain(why), language)


def promise(order_id: int, event_id: int, language: str) -> Letter | None:
    """Of promises that moved to another day; none for an order that is not approved (its dates were conditional)."""
    order = Order.objects.get(pk=order_id)
    lines = moved(order_id, event_id) if order.status == OrderStatus.APPROVED else []
    return documents.promise(order, lines, language) if lines else None


def shipped(shipment_id: int, event_id: int, language: str) -> Letter | None:
    """Of goods that left."""
    shipment = Shipment.objects.select_related("order", "location").get(pk=shipment_id)
    lines = shipment.lines.filter(posted=True).select_related("line").order_by("pk")
    return documents.shipped(shipment, list(lines), language)


def invoice(invoice_id: int, event_id: int, language: str) -> Letter | None:
    """Of an invoice."""
    return documents.invoice(Invoice.objects.get(pk=invoice_id), language)


def reminder(notice_id: int, event_id: int, language: str) -> Letter | None:
    """Of a reminder."""
    return documents.reminder(DunningNotice.objects.get(pk=notice_id), language)


def balance(confirmation_id: int, event_id: int, language: str) -> Letter | None:
    """Of a balance asked for; none once it was answered."""
    row = BalanceConfirmation.objects.get(pk=confirmation_id)
    return documents.balance(row, answer_url(row.pk), language) if row.state == BalanceConfirmation.State.WAITING else None


def step_of_return(step: str) -> Composer:
    """Of a step of a return."""

    def compose(return_id: int, event_id: int, language: str) -> Letter | None:
        found = Return.objects.get(pk=return_id)
        why = EventNote.objects.filter(event_id=event_id).values_list("text", flat=True).first() if step == "refused" else ""
        lines = list(found.lines.select_related("line").order_by("pk"))
        chosen = {"authorised": [x for x in lines if x.quantity_authorised], "received": [x for x in lines if x.quantity_received]}.get(step, lines)
        credited = None
        if step == "credited":
            notes = CreditNote.objects.filter(pk__in=found.lines.values("settlement__credits__credit_note")).values_list("total", flat=True)
            credited = sum(notes, Decimal(0))
        return documents.returned(found, chosen, step, documents.plain(why), language, credited)

    return compose


def answer(case_id: int, event_id: int, language: str) -> Letter | None:
    """Of an answer in a case."""
    message = CaseMessage.objects.select_related("case").filter(case_id=case_id, event_id=event_id).first()
    return documents.answer(message.case, message, language) if message else None


# Kind, subject, and what composes, by event.
NEWS: Mapping[str, tuple[LetterKind, str, Composer]] = {
    "order.approved": (LetterKind.CONFIRMED, "order", confirmation),
    "order.cut": (LetterKind.CUT, "order", cut),
    "order.cancelled": (LetterKind.CUT, "order", cancelled),
    "order.rest_cancelled": (LetterKind.CUT, "order", cancelled),
    "promise.moved": (LetterKind.PROMISE, "order", promise),
    "shipment.shipped": (LetterKind.SHIPPED, "shipment", shipped),
    "invoice.issued": (LetterKind.INVOICE, "invoice", invoice),
    "account.reminded": (LetterKind.REMINDER, "credit_account", reminder),
    "balance.asked": (LetterKind.BALANCE, "balance_confirmation", balance),
    "return.authorised": (LetterKind.RETURN, "return", step_of_return("authorised")),
    "return.refused": (LetterKind.RETURN, "return", step_of_return("refused")),
    "return.received": (LetterKind.RETURN, "return", step_of_return("received")),
    "return.credited": (LetterKind.RETURN, "return", step_of_return("credited")),
    "case.answered": (LetterKind.CASE, "case", answer),
}


def write(event_id: int, name: str, subject_id: int, customer_id: int, at: datetime) -> list[Mail]:
    """Part: the letters that a piece of news asks for, one a recipient. Who has no address stands once a kind in the mailbox."""
    kind, subject, compose = NEWS[name]
    people, reachable = recipients(customer_id, kind)
    customer = Customer.objects.get(pk=customer_id)
    if not people:
        return [] if reachable else _nobody(customer, kind, (subject, subject_id), event_id, at)
    if name == "account.reminded":
        subject, subject_id = "reminder", DunningNotice.objects.values_list("pk", flat=True).get(event_id=event_id)
    letter = compose(subject_id, event_id, customer.language)
    if letter is None:
        return []
    legal = company()
    return queue([
        NewMail(f"{event_id}:{kind}:{p.contact_id}", kind, customer_id, (subject, subject_id), p.name, p.address, customer.language, letter.title,
                documents.whole(letter, p.name, legal, customer.language, stop_url(p.contact_id, kind)), event_id, letter.file, at)
        for p in people
    ])  # fmt: skip


def _nobody(customer: Customer, kind: str, subject: tuple[str, int], event_id: int, at: datetime) -> list[Mail]:
    """A letter that nobody can get; one a customer and kind, so that it is seen and does not pile up."""
    title = _("%(kind)s: %(name)s has no contact with a mail address") % {"kind": LetterKind(kind).label, "name": customer.name}
    return queue([NewMail(nobody(customer.pk, kind), kind, customer.pk, subject, "", "", customer.language, title, title, event_id, None, at)])


def preview(kind: str, customer: Customer) -> tuple[Letter, str] | None:
    """(letter, whole text) as the customer's last occasion for a kind would be written now; None without one."""
    found = latest(kind, customer.pk)
    compose = next((c for k, _subject, c in NEWS.values() if k == kind), None)
    letter = compose(found[1], found[0], customer.language) if found and compose else None
    if letter is None:
        return None
    people, _reachable = recipients(customer.pk, kind)
    return letter, documents.whole(letter, people[0].name if people else "", company(), customer.language)


@use_case("letters.send_again")
def send_again(mail_id: int, contact_id: int, *, by: Any, at: datetime | None = None) -> Mail:
    """Send a mail once more, to a contact of its customer. Raises NotFound `no_mail`, `no_contact`, Forbidden, Conflict `not_over`."""
    mail = visible_mail(by).filter(pk=mail_id).first()
    if mail is None:
        raise NotFound(_("There is no such mail."), code="no_mail")
    authorize(by, "letters.send_again", mail.customer_id)
    contact = next((c for c in contacts_of(mail.customer_id) if c.pk == contact_id), None)
    if contact is None:
        raise NotFound(_("Choose a contact with an address."), code="no_contact")
    event = current().event("mail.sent_again", [("customer", mail.customer_id), (mail.subject_kind, mail.subject_id)], {"mail": mail.pk})
    return again(mail, contact.name, contact.email, event)


@use_case("letters.set_rules")
def set_rules(customer_id: int, wanted: Mapping[tuple[int, str], bool], *, by: Any, at: datetime | None = None) -> int:
    """Say which contact of a customer gets which kind; what is not named stays. Returns how many changed.

    Raises Forbidden `not_visible`, Invalid `bad_rule` for contacts of others and unknown kinds.
    """
    authorize(by, "letters.set_rules", customer_id)
    contacts = {c.pk for c in contacts_of(customer_id)}
    if any(contact not in contacts or kind not in LetterKind.values for contact, kind in wanted):
        raise Invalid(_("Choose contacts of this customer and kinds of the list."), code="bad_rule")
    standing, first = rules_of(customer_id), min(contacts, default=0)
    changed = {key: wants for key, wants in wanted.items() if standing.get(key, key[0] == first) != wants}
    if not changed:
        return 0
    event = current().event("letters.rules_set", [("customer", customer_id)], {"rules": [[contact, kind, wants] for (contact, kind), wants in sorted(changed.items())]})
    for (contact, kind), wants in changed.items():
        LetterRule.objects.update_or_create(contact_id=contact, kind=kind, defaults={"wanted": wants, "by_id": by.pk, "event_id": event})
    return len(changed)


SIGNER = Signer(salt="letters.stop")


def stop_url(contact_id: int, kind: str) -> str:
    """The address at which a contact stops a kind by itself; "" while the house does not know its own address."""
    return settings.SITE_URL + reverse("orders:letters-stop", args=[SIGNER.sign(f"{contact_id}:{kind}")]) if settings.SITE_URL else ""


def stopping(token: str) -> tuple[Contact, str]:
    """(contact, kind) of a token. Raises NotFound `no_such_link`."""
    try:
        contact_id, kind = SIGNER.unsign(token).split(":")
        return Contact.objects.select_related("customer").get(pk=int(contact_id)), LetterKind(kind).value
    except (BadSignature, ValueError, Contact.DoesNotExist):
        raise NotFound(_("This link is not one of ours."), code="no_such_link") from None


@use_case("letters.stop")
def stop(token: str, *, by: Any, at: datetime | None = None) -> tuple[Contact, str]:
    """Whoever has the link of a mail stops its kind for the contact it went to; `by` is the system. Raises NotFound `no_such_link`."""
    contact, kind = stopping(token)
    event = current().event("letters.rules_set", [("customer", contact.customer_id)], {"rules": [[contact.pk, kind, False]], "by_link": True})
    LetterRule.objects.update_or_create(contact=contact, kind=kind, defaults={"wanted": False, "by_id": None, "event_id": event})
    return contact, kind

