"""The form's pages: numbers, who sees the margin, closing, proposing, a fixed number of statements."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone

from oms.changes.models import ChangeRequest
from orders.models import Order
from reporting.facts.models import ClosedPeriod
from reporting.performance.selectors import months_before
from tests.reporting.facts.test_services import count
from tests.world import World

FORM = "reporting:performance"
MONTH = timezone.localdate().replace(day=1)


def test_the_form_shows_what_happened_and_opens_it(as_: Any, world: World, journey: Order) -> None:
    count(world)
    client = as_("manager")
    page = client.get(reverse(FORM)).content.decode()
    assert "508.00" in page and "500.00" in page and "50.0" in page and "measure=collected" in page
    documents = client.get(reverse("reporting:performance-documents"), {"measure": "delivered"}).content.decode()
    assert "500.00" in documents and journey.shipments.get(status="delivered").number in documents
    customers = client.get(reverse("reporting:performance-customers"), {"what": "new"}).content.decode()
    assert "Acme Tools" in customers
    assert client.get(reverse("reporting:performance-customers"), {"what": "odd"}).status_code == 404


def test_only_those_with_the_right_see_cost_and_margin(as_: Any, world: World, journey: Order) -> None:
    count(world)
    sales = as_("sales")
    page = sales.get(reverse(FORM)).content.decode()
    assert "500.00" in page and "Margin" not in page and "measure=cost" not in page
    assert sales.get(reverse("reporting:performance-documents"), {"measure": "cost"}).status_code == 404
    csv = b"".join(sales.get(reverse(FORM), {"export": "csv"}).streaming_content).decode("utf-8-sig")
    assert "Margin" not in csv and csv.splitlines()[1].startswith("Sales Lyon,1608.000000,908.000000,500.000000,0,0,500.000000,0,,,508.000000,508.000000")
    assert as_("finance").get(reverse("reporting:performance-documents"), {"measure": "cost"}).status_code == 200


def test_the_form_takes_at_most_ten_statements(as_: Any, world: World, journey: Order, django_assert_max_num_queries: Any) -> None:
    count(world)
    client = as_("manager")
    client.get(reverse(FORM))
    for by in ("post", "person", "territory", "family", "customer"):
        with django_assert_max_num_queries(10):
            assert client.get(reverse(FORM), {"by": by}).status_code == 200


def test_finance_closes_a_month_that_is_over(as_: Any, world: World) -> None:
    client = as_("finance")
    last = months_before(MONTH, 1).isoformat()[:7]
    assert f'value="{last}"' in client.get(reverse(FORM), {"month": last}).content.decode()
    assert client.post(reverse("reporting:period-close"), {"month": MONTH.isoformat()[:7]}).status_code == 409
    assert not ClosedPeriod.objects.exists()
    assert client.post(reverse("reporting:period-close"), {"month": last}).status_code == 302
    page = client.get(reverse(FORM), {"month": last}).content.decode()
    assert "Closed" in page and ClosedPeriod.objects.get().month == months_before(MONTH, 1)
    assert client.post(reverse("reporting:period-close"), {"month": "soon"}).status_code == 400


def test_a_manager_proposes_a_target_on_a_page(as_: Any, world: World) -> None:
    client = as_("manager")
    data = {"month": MONTH.isoformat()[:7], "post": "LYON1", "measure": "delivered", "amount": "30000", "reason": "plan"}
    assert client.post(reverse("reporting:target-propose"), {**data, "reason": ""}).status_code == 400
    assert client.post(reverse("reporting:target-propose"), data).status_code == 302
    assert ChangeRequest.objects.get().data["amount"] == "30000"
    assert client.post(reverse("reporting:target-propose"), {**data, "post": "NORTH1"}).status_code == 403
    assert "30,000.00" in as_("finance").get(reverse("web:changes")).content.decode()


def test_a_filter_that_makes_no_sense_is_refused(as_: Any, world: World) -> None:
    assert as_("sales").get(reverse(FORM), {"month": "2026-13"}).status_code == 400
