"""Notes: within the row filter, complete, finished once; the event carries no text."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from customers.models import Activity, Contact, Post, Territory
from customers.relations.selectors import activities
from customers.relations.services import add_activity, finish_follow_up
from oms.events.selectors import timeline
from oms.kernel.errors import Conflict, Forbidden, Invalid
from tests.world import World, make_customer

pytestmark = pytest.mark.django_db
TODAY = date.today()


@pytest.fixture
def world(db: Any) -> World:
    return World.make()


def test_a_visit_is_noted_and_its_text_stays_out_of_the_trail(world: World) -> None:
    contact = Contact.objects.create(customer=world.customer, name="Ann")
    made = add_activity(world.customer.pk, "visit", TODAY, "They want green ones.", by=world.sales, contact_id=contact.pk)
    assert (made.by_id, made.contact, made.text) == (world.sales.pk, contact, "They want green ones.")
    entry = timeline("customer", world.customer.pk)[-1]
    assert entry.name == "customer.noted" and "green" not in str(entry.data) and entry.note == ""


@pytest.mark.parametrize(("field", "values"), [
    ("text", {"text": "  "}), ("kind", {"kind": "party"}), ("happened_on", {"happened_on": TODAY + timedelta(days=2)}),
    ("follow_up_date", {"follow_up_date": TODAY - timedelta(days=1)}), ("text", {"text": "x" * 4_001}),
])  # fmt: skip
def test_what_makes_no_sense_is_refused_at_its_field(world: World, field: str, values: dict[str, Any]) -> None:
    given = {"kind": "note", "happened_on": TODAY, "text": "x"} | values
    with pytest.raises(Invalid) as refused:
        add_activity(world.customer.pk, by=world.sales, **given)
    assert [row["field"] for row in refused.value.data["errors"]] == [field]
    assert not Activity.objects.exists()


def test_a_contact_of_another_customer_is_refused(world: World) -> None:
    other = Contact.objects.create(customer=make_customer("ZETA", "Zeta", world.post), name="Zoe")
    with pytest.raises(Invalid):
        add_activity(world.customer.pk, "call", TODAY, "x", by=world.sales, contact_id=other.pk)


def test_nobody_notes_about_customers_of_other_regions(world: World) -> None:
    south = Post.objects.create(code="S1", name="South", territory=Territory.objects.create(code="S", name="S"))
    with pytest.raises(Forbidden):
        add_activity(make_customer("ZETA", "Zeta", south).pk, "note", TODAY, "x", by=world.sales)
    for user in (world.warehouse, world.partner):
        with pytest.raises(Forbidden):
            add_activity(world.customer.pk, "note", TODAY, "x", by=user)
    assert not Activity.objects.exists()


def test_what_is_to_be_done_comes_first_and_is_done_once(world: World) -> None:
    old = add_activity(world.customer.pk, "call", TODAY - timedelta(days=9), "send a price", by=world.sales, follow_up_date=TODAY)
    new = add_activity(world.customer.pk, "note", TODAY, "moved", by=world.manager)
    assert [a.pk for a in activities(world.customer.pk)] == [old.pk, new.pk]
    finish_follow_up(old.pk, by=world.manager)
    assert [a.pk for a in activities(world.customer.pk)] == [new.pk, old.pk]
    old.refresh_from_db()
    assert old.done_by == world.manager
    for activity in (old, new):
        with pytest.raises(Conflict):
            finish_follow_up(activity.pk, by=world.sales)


def test_notes_on_pages(world: World) -> None:
    client = Client()
    client.force_login(world.sales, backend="django.contrib.auth.backends.ModelBackend")
    page = reverse("customers:activity-add", args=["ACME"])
    assert client.get(page).status_code == 200
    assert client.post(page, {"kind": "call", "happened_on": "", "text": ""}).status_code == 400
    data = {"kind": "call", "happened_on": TODAY.isoformat(), "text": "Rang", "follow_up_date": TODAY.isoformat()}
    assert client.post(page, data).status_code == 302
    assert client.post(reverse("customers:activity-done", args=[Activity.objects.get().pk])).status_code == 302
    assert Activity.objects.get().done_at is not None
    assert client.get(reverse("customers:activity-add", args=["NOBODY"])).status_code == 404
