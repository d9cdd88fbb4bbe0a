"""Templates: kept by name, a customer's for all who see it or one's own, filling the entry page."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from oms.kernel.errors import Forbidden, Invalid, NotFound
from orders.entry.models import OrderTemplate
from orders.entry.selectors import template_to_type, templates
from orders.entry.services import drop_template, keep_template
from tests.orders.planning.test_why import other_customer
from tests.world import World

pytestmark = pytest.mark.django_db
TYPED = {"customer": "ACME", "lines-0-product": "A", "lines-0-quantity": "5", "lines-2-product": "B", "lines-2-quantity": "2", "requested_date": "2026-12-01",
         "customer_po": "PO 9", "shortage_rule": "cancel", "csrfmiddlewaretoken": "x"}  # fmt: skip


@pytest.fixture
def world(db: Any) -> World:
    return World.make()


def test_a_template_keeps_lines_and_terms_but_no_day_and_the_same_name_replaces_it(world: World) -> None:
    kept = keep_template("Monthly", TYPED, by=world.sales)
    assert set(kept.content) == {"customer", "lines-0-product", "lines-0-quantity", "lines-2-product", "lines-2-quantity", "shortage_rule"}
    again = keep_template(" Monthly ", {**TYPED, "lines-0-quantity": "7"}, by=world.manager)
    assert (again.pk, again.content["lines-0-quantity"], OrderTemplate.objects.count()) == (kept.pk, "7", 1)


def test_a_customers_template_is_of_all_who_see_the_customer_and_ones_own_is_not(world: World) -> None:
    other_customer(world)
    ours = keep_template("Monthly", TYPED, by=world.sales)
    mine = keep_template("Mine", {k: v for k, v in TYPED.items() if k != "customer"}, by=world.sales)
    assert set(templates(world.sales)) == {ours, mine} and set(templates(world.partner)) == {ours}
    assert template_to_type(world.manager, mine.pk) is None
    with pytest.raises(NotFound):
        keep_template("x", {**TYPED, "customer": "ZETA"}, by=world.sales)
    with pytest.raises(NotFound):
        drop_template(mine.pk, by=world.manager)
    with pytest.raises(Forbidden):
        keep_template("x", TYPED, by=world.warehouse)


@pytest.mark.parametrize(("name", "fields", "code"), [("  ", TYPED, "name_missing"), ("x", {"customer": "ACME"}, "lines_missing")])
def test_without_a_name_or_a_line_nothing_is_kept(world: World, name: str, fields: Any, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        keep_template(name, fields, by=world.sales)
    assert refused.value.code == code and not OrderTemplate.objects.exists()


def test_the_page_keeps_is_filled_and_drops(client: Client, world: World) -> None:
    client.force_login(world.sales, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.post(reverse("orders:template-keep"), {**TYPED, "template_name": "Monthly"}, follow=True)
    page = answer.content.decode()
    assert "The template is kept." in page and 'name="lines-0-product" value="A"' in page and 'name="lines-2-quantity" value="2"' in page
    kept = OrderTemplate.objects.get()
    assert f"?template={kept.pk}" in client.get(reverse("orders:enter")).content.decode()
    assert client.post(reverse("orders:template-keep"), {**TYPED, "template_name": ""}).status_code == 400
    for wrong in ("0", "x", "9" * 30):
        assert client.get(reverse("orders:enter"), {"template": wrong}).status_code == 404
    assert client.post(reverse("orders:template-drop", args=[kept.pk])).status_code == 302
    assert not OrderTemplate.objects.exists()
