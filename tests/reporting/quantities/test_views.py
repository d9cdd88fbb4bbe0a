"""The comparison's pages: numbers that open their lines, exports, refusals, a fixed number of statements."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.urls import reverse

from orders.models import Order
from tests.world import World

PAGE, LINES = "reporting:quantities", "reporting:quantity-lines"


def test_the_page_shows_steps_gaps_reasons_and_links_to_lines(as_: Any, world: World, journey: Order) -> None:
    page = as_("manager").get(reverse(PAGE), {"by": "product"}).content.decode()
    assert "Cut by the approver" in page and "No stock in time" in page and "Waits for approval" in page
    assert "part=cut" in page and "product=A" in page and "Adjustable spanner" in page


def test_the_page_takes_a_fixed_number_of_statements(as_: Any, world: World, journey: Order, django_assert_max_num_queries: Any) -> None:
    client = as_("manager")
    client.get(reverse(PAGE))
    for by in ("product", "customer", "territory", "month"):
        with django_assert_max_num_queries(10):
            assert client.get(reverse(PAGE), {"by": by, "measure": "value"}).status_code == 200


def test_the_table_exports_what_it_shows(as_: Any, world: World, journey: Order) -> None:
    answer = as_("finance").get(reverse(PAGE), {"by": "product", "export": "csv"})
    rows = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert rows[0].startswith("Product,Ordered,Approved,Issued,Delivered,Returned,Invoiced,Paid")
    assert rows[1].startswith("Adjustable spanner,120,80,50,50,0,50,50,40,30")


def test_the_lines_behind_a_number(as_: Any, world: World, journey: Order) -> None:
    client = as_("manager")
    page = client.get(reverse(LINES), {"part": "cut"})
    assert page.status_code == 200 and journey.number in page.content.decode() and "100.00" in page.content.decode()
    assert client.get(reverse(LINES), {"part": "nonsense"}).status_code == 404
    csv = b"".join(client.get(reverse(LINES), {"part": "allocated", "export": "csv"}).streaming_content).decode("utf-8-sig")
    assert [row.split(",")[2] for row in csv.splitlines()[1:]] == ["A", "B"]


def test_a_filter_that_makes_no_sense_is_refused_with_the_field(as_: Any, world: World) -> None:
    client = as_("sales")
    answer = client.get(reverse(PAGE), {"first": "31.31.", "last": date.today().isoformat()})
    assert answer.status_code == 400 and "Ordered from" in answer.content.decode()
    assert client.get(reverse(PAGE), {"first": "2026-02-01", "last": "2026-01-01"}).status_code == 400


def test_nothing_ordered_says_so(as_: Any, world: World) -> None:
    page = as_("sales").get(reverse(PAGE)).content.decode()
    assert "Nothing was ordered here" in page
