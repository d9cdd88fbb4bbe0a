"""Drafts and steps through the pages."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import submit
from orders.models import Draft, Order
from tests.world import World

TYPED = {"customer": "ACME", "lines-0-product": "A", "lines-0-quantity": "10", "idempotency_key": "k1"}


@pytest.fixture
def as_(world: World) -> Any:
    """A client signed in as one of the world's people."""

    def sign_in(role: str) -> Client:
        client = Client()
        client.force_login(getattr(world, role), backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


def test_a_draft_is_saved_while_typing_opened_and_submitted(as_: Any) -> None:
    client = as_("sales")
    first = client.post(reverse("orders:draft-save"), TYPED).json()
    assert (first["version"], Order.objects.get().status) == (1, "draft")
    changed = {**TYPED, "lines-0-quantity": "12", "draft": first["number"], "draft_version": "1"}
    assert client.post(reverse("orders:draft-save"), changed).json()["version"] == 2
    late = as_("manager").post(reverse("orders:draft-save"), changed)
    assert (late.status_code, late.json()["version"]) == (412, 2) and "Sales" in late.json()["message"]
    page = client.get(reverse("orders:enter"), {"draft": first["number"]}).content.decode()
    assert 'value="12"' in page and 'name="draft_version" value="2"' in page
    done = client.post(reverse("orders:enter"), {**changed, "draft_version": "2"})
    assert done.url == reverse("orders:order-detail", args=[first["number"]])
    assert (Order.objects.get().status, Draft.objects.count()) == ("approved", 0)


def test_drafts_of_others_customers_are_not_found(as_: Any) -> None:
    number = as_("sales").post(reverse("orders:draft-save"), TYPED).json()["number"]
    for role in ("partner", "manager"):
        assert as_(role).get(reverse("orders:enter"), {"draft": number}).status_code == 200
    assert as_("sales").get(reverse("orders:enter"), {"draft": "SO0000000"}).status_code == 404


def test_recall_and_copy_lead_to_the_entry_page(as_: Any, world: World) -> None:
    number = submit(EntryRequest("ACME", (LineRequest("A", Decimal(90)),), "web"), by=world.sales).number
    client = as_("sales")
    page = client.get(reverse("orders:order-detail", args=[number])).content.decode()
    assert reverse("orders:order-recall", args=[number]) in page
    made = client.post(reverse("orders:order-copy", args=[number]))
    assert made.url.startswith(reverse("orders:enter") + "?draft=SO") and Order.objects.count() == 2
    assert client.post(reverse("orders:order-recall", args=[number])).url == f"{reverse('orders:enter')}?draft={number}"
    assert list(Order.objects.order_by("pk").values_list("status", flat=True)) == ["draft", "draft"]
    assert client.post(reverse("orders:order-discard", args=[number])).status_code == 302
    assert Order.objects.get(number=number).status == "discarded"
    assert client.get(reverse("orders:order-detail", args=[number])).status_code == 200


def test_an_amendment_is_shown_before_it_happens(as_: Any, world: World) -> None:
    number = submit(EntryRequest("ACME", (LineRequest("A", Decimal(30)),), "web"), by=world.sales).number
    line = Order.objects.get().lines.get()
    client = as_("sales")
    page = client.get(reverse("orders:order-amend", args=[number])).content.decode()
    assert f'name="quantity-{line.pk}" value="30"' in page
    typed = {"version": "1", f"quantity-{line.pk}": "20", "lines-0-product": "B", "lines-0-quantity": "2", "ship_to": "MAIN"}
    effects = client.post(reverse("orders:order-amend-preview", args=[number]), typed).content.decode()
    assert "10 less" in effects and "2 of B more at 20.00" in effects and "288.00" in effects
    assert Order.objects.get().lines.count() == 1
    done = client.post(reverse("orders:order-amend", args=[number]), typed)
    assert done.status_code == 302 and list(Order.objects.get().lines.order_by("position").values_list("quantity_cancelled", "quantity_ordered")) == [
        (10, 30), (0, 2)]  # fmt: skip
    again = client.post(reverse("orders:order-amend", args=[number]), typed)
    assert again.status_code == 412 and Order.objects.get().lines.count() == 2


def test_mistakes_of_an_amendment_stay_at_their_boxes(as_: Any, world: World) -> None:
    number = submit(EntryRequest("ACME", (LineRequest("A", Decimal(30)),), "web"), by=world.sales).number
    line = Order.objects.get().lines.get()
    typed = {"version": "1", f"quantity-{line.pk}": "many", "lines-3-product": "NOPE", "lines-3-quantity": "2"}
    page = as_("sales").post(reverse("orders:order-amend", args=[number]), typed)
    assert page.status_code == 400 and "“many” is not a number" in page.content.decode()
    page = as_("sales").post(reverse("orders:order-amend", args=[number]), {**typed, f"quantity-{line.pk}": "20"})
    assert page.status_code == 400 and "There is no product NOPE" in page.content.decode()
    assert Order.objects.get().lines.get().quantity_cancelled == 0


def test_changed_terms_are_approved_on_the_orders_page_by_somebody_else(as_: Any, world: World) -> None:
    number = submit(EntryRequest("ACME", (LineRequest("A", Decimal(30)),), "web"), by=world.sales).number
    line = Order.objects.get().lines.get()
    as_("manager").post(reverse("orders:order-amend", args=[number]), {"version": "1", f"quantity-{line.pk}": "30", f"price-{line.pk}": "9", "reason": "volume"})
    assert "Approve the changed terms" not in as_("manager").get(reverse("orders:order-detail", args=[number])).content.decode()
    assert "Approve the changed terms" in as_("approver").get(reverse("orders:order-detail", args=[number])).content.decode()
    assert as_("approver").post(reverse("orders:order-reapprove", args=[number]), {"version": "1"}).status_code == 412
    assert as_("approver").post(reverse("orders:order-reapprove", args=[number]), {"version": "2"}).status_code == 302
    assert not Order.objects.get().holds.filter(released_at=None).exists()
