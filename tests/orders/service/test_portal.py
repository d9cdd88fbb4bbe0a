"""A customer's own people ask and answer on their pages; the notes of the house and other customers' cases stay hidden."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from customers.models import CustomerUser
from oms.access.services import create_user
from orders.models import Case, CaseFile, CaseMessage, Order
from orders.service.services import NewCase, NewFile, open_case, resolve_case, say
from tests.world import World, make_customer, open_account


def stranger(world: World) -> Client:
    other = make_customer("BETA", "Beta Works", world.post)
    open_account(other, Decimal(5_000))
    user = create_user("beta", by=world.system, roles=["partner"])
    CustomerUser.objects.create(user=user, customer=other)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_asked_from_the_order_answered_and_said_more(world: World, as_: Any, order: Order) -> None:
    petra = as_("partner")
    assert reverse("orders:question-new") + f"?order={order.number}" in petra.get(reverse("orders:order-detail", args=[order.number])).content.decode()
    url = reverse("orders:question-new") + f"?order={order.number}"
    assert f"It is about {order.number}." in petra.get(url).content.decode()
    sent = petra.post(url, {"kind": "complaint", "title": "Too few", "text": "Two are missing.", "files": SimpleUploadedFile("photo.txt", b"see")}, follow=True)
    case = Case.objects.get()
    assert (case.channel, case.order, case.customer) == ("portal", order, world.customer) and "Two are missing." in sent.content.decode()
    say(case.pk, "note", "They always say so.", by=world.sales, files=[NewFile("secret.txt", b"note")])
    say(case.pk, "out", "We send two more.", by=world.sales)
    page = petra.get(reverse("orders:question", args=[case.number])).content.decode()
    assert "We send two more." in page and "They always" not in page and "secret.txt" not in page and "photo.txt" in page
    petra.post(reverse("orders:question", args=[case.number]), {"text": "Thank you."})
    assert list(CaseMessage.objects.order_by("pk").values_list("direction", flat=True)) == ["in", "note", "out", "in"]
    files = {f.name: f.pk for f in CaseFile.objects.all()}
    assert petra.get(reverse("orders:case-file", args=[files["photo.txt"]])).status_code == 200
    assert petra.get(reverse("orders:case-file", args=[files["secret.txt"]])).status_code == 404
    assert case.number in petra.get(reverse("orders:questions")).content.decode()


def test_asked_about_nothing_in_particular_it_is_the_customers_own(world: World, as_: Any) -> None:
    as_("partner").post(reverse("orders:question-new"), {"kind": "inquiry", "title": "Hours", "text": "When are you open?"})
    assert Case.objects.get().customer == world.customer


def test_others_are_not_there(world: World, as_: Any, order: Order) -> None:
    case = open_case(NewCase("inquiry", "Where?", "We wait.", order=order.number), by=world.sales)
    other = stranger(world)
    page = reverse("orders:question", args=[case.number])
    assert other.get(page).status_code == other.post(page, {"text": "x"}).status_code == 404
    assert case.number not in other.get(reverse("orders:questions")).content.decode()
    refused = other.post(reverse("orders:question-new") + f"?order={order.number}", {"kind": "inquiry", "title": "T", "text": "x"})
    assert refused.status_code in (403, 404) and Case.objects.count() == 1
    assert as_("sales").get(page).status_code == 403


def test_a_resolved_question_is_open_again_when_they_say_more(world: World, as_: Any, order: Order) -> None:
    case = open_case(NewCase("inquiry", "Where?", "We wait.", order=order.number), by=world.sales)
    say(case.pk, "out", "Tomorrow.", by=world.sales)
    resolve_case(case.pk, "", "Told them.", by=world.sales)
    page = reverse("orders:question", args=[case.number])
    assert "Told them." in as_("partner").get(page).content.decode()
    as_("partner").post(page, {"text": "It did not come."})
    case.refresh_from_db()
    assert case.status == "open"
