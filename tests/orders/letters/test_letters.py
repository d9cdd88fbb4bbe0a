"""Letters: what they say, to whom, once; opt-out, language, preview, sending again; closed to others."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail as outbox
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from customers.models import Contact
from oms.access.services import create_user
from oms.events.consumers import News, consumers
from oms.events.models import Event, EventSubject
from oms.events.services import command, historic
from oms.events.tasks import drain_all
from oms.kernel.errors import Forbidden, Invalid, NotFound
from oms.mail.models import Mail
from oms.mail.services import send_waiting
from orders.approval.services import Decision, decide
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import cancel, submit
from orders.fulfilment.services import release, ship
from orders.letters.models import LetterRule
from orders.letters.selectors import moved
from orders.letters.services import SIGNER, send_again, set_rules, stop
from orders.models import Order, Promise
from orders.returns.services import Item, authorise, request_return
from orders.service.services import NewCase, open_case, say
from payments.billing.services import dun
from payments.models import Invoice
from reporting.problems.selectors import problems
from tests.world import World, make_customer


@pytest.fixture
def world(db: Any) -> World:
    """The small company; ACME has two contacts, the first with the older key."""
    world = World.make()
    Contact.objects.create(customer=world.customer, name="Ann", email="ann@acme.example")
    Contact.objects.create(customer=world.customer, name="Bob", email="bob@acme.example")
    Contact.objects.create(customer=world.customer, name="Cid")
    return world


@pytest.fixture
def as_(world: World) -> Any:
    def sign_in(role: str) -> Client:
        client = Client()
        client.force_login(getattr(world, role), backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


def order(world: World, quantity: int = 20, **more: Any) -> Order:
    number = submit(EntryRequest("ACME", (LineRequest("A", Decimal(quantity)),), "web", **more), by=world.sales).number
    return Order.objects.get(number=number)


def mails(kind: str) -> list[Mail]:
    return list(Mail.objects.filter(kind=kind).order_by("pk"))


def contact(name: str) -> Contact:
    return Contact.objects.get(name=name)


def test_an_approved_order_is_confirmed_with_its_days_to_the_first_contact(world: World) -> None:
    made = order(world, customer_po="PO/7")
    drain_all()
    (mail,) = mails("confirmed")
    assert (mail.to_name, mail.to_address, mail.status, mail.title) == ("Ann", "ann@acme.example", "waiting", f"Order {made.number} is confirmed")
    day = Promise.objects.filter(line__order=made).latest("pk").delivery_date
    assert mail.body.startswith("Good day Ann,") and "Northern Tools" in mail.body and f"your order PO/7 (our number {made.number})" in mail.body
    assert "20 × Adjustable spanner, 10.00 EUR each, arrives: " in mail.body and str(day.day) in mail.body and "240.00 EUR with tax" in mail.body
    assert send_waiting(world.system)["sent"] == 1 and len(outbox.outbox) == 1


def test_the_same_news_twice_writes_and_sends_one_letter(world: World) -> None:
    order(world)
    drain_all()
    event = Event.objects.get(name="order.approved")
    subjects = tuple(EventSubject.objects.filter(event=event).values_list("kind", "object_id"))
    with command("test.twice", by=world.system):
        consumers()["orders.letters"].handle([News(event.pk, event.name, event.at, event.data, subjects)])
    assert len(mails("confirmed")) == 1
    send_waiting(world.system), send_waiting(world.system)
    assert len(outbox.outbox) == 1


def test_a_cut_says_why_and_a_rejection_too(world: World) -> None:
    made = order(world, 90)
    drain_all()
    assert mails("confirmed") == []
    decide(made.pk, {made.lines.get().pk: Decision(70, 20, "no_stock")}, by=world.approver)
    refused = order(world, 80)
    decide(refused.pk, {refused.lines.get().pk: Decision(0, 80, "no_stock")}, by=world.approver)
    gone = order(world, 5)
    cancel(gone.pk, "customer called", by=world.sales)
    drain_all()
    (confirmed, _gone) = mails("confirmed")
    assert "70 × Adjustable spanner" in confirmed.body and "We cannot deliver:\n  20 × Adjustable spanner: No stock in time" in confirmed.body and "whole order" not in confirmed.body
    rejected, cancelled = mails("cut")
    assert rejected.title == f"Order {refused.number} was not accepted" and "80 × Adjustable spanner: No stock in time" in rejected.body
    assert cancelled.title == f"Order {gone.number} is cancelled" and "Reason: customer called" in cancelled.body


def test_a_promise_that_moved_says_old_new_and_why_and_none_that_did_not(world: World) -> None:
    made = order(world)
    line = made.lines.get()
    first = Promise.objects.filter(line=line).latest("pk")
    old, new = first.delivery_date, first.delivery_date + timedelta(days=40)
    for day, binding in ((old, ""), (new, "supply")):
        with command("test.move", by=world.system) as cmd:
            event = cmd.event("promise.moved", [("order", made.pk), ("customer", world.customer.pk)], {"order": made.pk, "cause": "test"})
            Promise.objects.create(line=line, kind="current", version=9, quantity=20, ship_date=day, delivery_date=day, source="stock", binding=binding, at=cmd.at, event_id=event)
    drain_all()
    (mail,) = mails("promise")
    assert "have changed" in mail.body and "instead of" in mail.body and "(the goods come later than we thought)" in mail.body
    assert [(m.before, m.after, m.quantity) for m in moved(made.pk, event)] == [(old, new, 20)]


def test_shipment_invoice_and_reminder_each_once_the_papers_attached(world: World) -> None:
    made = order(world)
    (shipment,) = release([made.pk], by=world.manager)
    ship(shipment, by=world.warehouse, tracking_number="T-1")
    drain_all()
    (shipped,), (invoice,) = mails("shipped"), mails("invoice")
    assert "Tracking number: T-1" in shipped.body and "20 × Adjustable spanner" in shipped.body
    number = Invoice.objects.get().number
    assert f"our invoice {number} attached: 240.00 EUR" in invoice.body and (invoice.file_kind, invoice.file_id) == ("invoice", Invoice.objects.get().pk)
    dun([world.account.pk], date.today() + timedelta(days=60), by=world.finance)
    drain_all()
    (reminder,) = mails("reminder")
    assert reminder.subject_kind == "reminder" and "240.00" in reminder.body
    Mail.objects.exclude(pk__in=[invoice.pk, reminder.pk]).update(next_at=timezone.now() + timedelta(days=1))
    assert send_waiting(world.system)["sent"] == 2
    assert [m.attachments[0][0] for m in outbox.outbox] == [f"{number}.pdf", "RM1.pdf"] and outbox.outbox[0].attachments[0][1].startswith(b"%PDF")


def test_returns_and_answers_in_cases_are_told(world: World) -> None:
    made = order(world)
    (shipment,) = release([made.pk], by=world.manager)
    ship(shipment, by=world.warehouse)
    back = request_return("ACME", [Item("A", 4, "damaged", "credit")], by=world.sales)
    authorise(back.pk, None, by=world.approver)
    case = open_case(NewCase("inquiry", "When?", "When?", order=made.number), by=world.sales)
    say(case.pk, "note", "secret", by=world.sales)
    say(case.pk, "out", "On Friday.", by=world.sales)
    drain_all()
    (returned,), (answer,) = mails("return"), mails("case")
    assert f"name {back.number}" in returned.body and "4 × Adjustable spanner" in returned.body
    assert answer.title == f"[{case.number}] When?" and "On Friday." in answer.body and "secret" not in answer.body


def test_who_gets_what_is_a_choice_by_contact_and_kind(world: World) -> None:
    ann, bob = contact("Ann"), contact("Bob")
    assert set_rules(world.customer.pk, {(ann.pk, "confirmed"): False, (bob.pk, "shipped"): True, (ann.pk, "shipped"): True}, by=world.sales) == 2
    made = order(world)
    (shipment,) = release([made.pk], by=world.manager)
    ship(shipment, by=world.warehouse)
    drain_all()
    assert mails("confirmed") == [] and [m.to_name for m in mails("shipped")] == ["Ann", "Bob"] and [m.to_name for m in mails("invoice")] == ["Ann"]
    stranger = create_user("stranger", by=world.system, roles=["sales"])
    other = Contact.objects.create(customer=make_customer("ZETA", "Zeta", world.post), name="Zoe", email="zoe@zeta.example")
    with pytest.raises(Forbidden):
        set_rules(world.customer.pk, {(ann.pk, "invoice"): False}, by=stranger)
    for key in ((other.pk, "invoice"), (ann.pk, "nonsense")):
        with pytest.raises(Invalid):
            set_rules(world.customer.pk, {key: False}, by=world.sales)
    assert LetterRule.objects.count() == 2


def test_the_link_in_a_mail_stops_its_kind_and_no_other_link_does(world: World, settings: Any, client: Client) -> None:
    settings.SITE_URL = "https://orders.example.com"
    order(world)
    drain_all()
    (mail,) = mails("confirmed")
    url = mail.body.rsplit(" ", 1)[1].strip()
    assert url.startswith("https://orders.example.com/orders/mail/stop/")
    path = url.removeprefix("https://orders.example.com")
    assert "ann@acme.example" in client.get(path).content.decode() and not LetterRule.objects.exists()
    assert "gets no more mail" in client.post(path).content.decode()
    order(world, 3)
    drain_all()
    assert len(mails("confirmed")) == 1
    forged = reverse("orders:letters-stop", args=[f"{contact('Bob').pk}:invoice:nonsense"])
    assert client.post(forged).status_code == 404 and LetterRule.objects.count() == 1
    with pytest.raises(NotFound):
        stop(SIGNER.sign("999999:invoice"), by=world.system)


def test_a_customer_nobody_can_write_to_is_one_problem_until_somebody_can(world: World) -> None:
    Contact.objects.update(email="")
    order(world), order(world, 3)
    drain_all()
    assert [m.status for m in mails("confirmed")] == ["nobody"]
    (found,) = [p for p in problems(world.sales) if p.kind.code == "mail.undelivered"]
    assert "Acme Tools has no contact" in found.sentence
    Contact.objects.filter(name="Cid").update(email="cid@acme.example")
    assert [p for p in problems(world.sales) if p.kind.code == "mail.undelivered"] == []


def test_a_refused_mail_is_a_problem_until_it_is_sent_again(world: World) -> None:
    order(world)
    drain_all()
    Mail.objects.update(status="failed", error="550 unknown")
    (mail,) = mails("confirmed")
    assert [p.number for p in problems(world.sales) if p.kind.code == "mail.undelivered"] == [str(mail.pk)]
    second = send_again(mail.pk, contact("Bob").pk, by=world.sales)
    assert (second.to_address, second.body) == ("bob@acme.example", mail.body) and problems(world.sales) == []
    stranger = create_user("stranger", by=world.system, roles=["sales"])
    for who, to in ((stranger, contact("Bob").pk), (world.sales, contact("Cid").pk)):
        with pytest.raises(NotFound):
            send_again(mail.pk, to, by=who)


def test_history_writes_no_letters(world: World) -> None:
    with historic(world.system.pk):
        order(world)
    drain_all()
    assert not Mail.objects.exists()


def test_the_letter_is_in_the_customers_language(world: World) -> None:
    world.customer.language = "de"
    world.customer.save()
    order(world)
    drain_all()
    (mail,) = mails("confirmed")
    assert mail.language == "de"


def test_pages_show_the_mailbox_one_mail_previews_and_rules(as_: Any, world: World, django_assert_max_num_queries: Any) -> None:
    made = order(world)
    (shipment,) = release([made.pk], by=world.manager)
    ship(shipment, by=world.warehouse)
    drain_all()
    sales, (mail,), (invoice,) = as_("sales"), mails("confirmed"), mails("invoice")
    sales.get(reverse("orders:letter-list"))
    with django_assert_max_num_queries(7):
        page = sales.get(reverse("orders:letter-list")).content.decode()
    assert mail.title in page and "Acme Tools" in page and "No mail server" in page
    assert invoice.title not in sales.get(reverse("orders:letter-list"), {"kind": "confirmed", "q": "acme"}).content.decode()
    one = sales.get(reverse("orders:letter-detail", args=[invoice.pk])).content.decode()
    assert "attached" in one and reverse("orders:letter-file", args=[invoice.pk]) in one
    assert sales.get(reverse("orders:letter-file", args=[invoice.pk])).content.startswith(b"%PDF")
    assert sales.get(reverse("orders:letter-file", args=[mail.pk])).status_code == 404
    send_waiting(world.system)
    done = sales.post(reverse("orders:letter-again", args=[mail.pk]), {"contact": contact("Bob").pk})
    assert done.status_code == 302 and Mail.objects.filter(resent_of=mail).count() == 1
    rules = reverse("orders:letter-rules", args=["ACME"])
    assert "ann@acme.example" in sales.get(rules).content.decode()
    kept = sales.post(rules, {"wanted": [f"{contact('Bob').pk}:invoice"]})
    assert kept.status_code == 200 and "10 choices changed" in kept.content.decode()
    assert "is on its way" in sales.get(reverse("orders:letter-preview", args=["ACME", "shipped"])).content.decode()
    assert sales.get(reverse("orders:letter-preview", args=["ACME", "case"])).status_code == 404
    stranger = Client()
    stranger.force_login(create_user("stranger", by=world.system, roles=["sales"]), backend="django.contrib.auth.backends.ModelBackend")
    for name, arguments in (("letter-detail", [mail.pk]), ("letter-file", [invoice.pk]), ("letter-rules", ["ACME"]), ("letter-preview", ["ACME", "shipped"])):
        assert stranger.get(reverse(f"orders:{name}", args=arguments)).status_code == 404
    assert mail.title not in stranger.get(reverse("orders:letter-list")).content.decode()
