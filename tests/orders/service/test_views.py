"""Pages of cases: opened by one key from what they are about, worked on, found, and closed to others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from oms.access.services import create_user
from orders.models import Case, CaseFile, Order
from orders.service.services import assign_case
from reporting.search.selectors import search
from tests.orders.service.conftest import complaint
from tests.world import World


def url(name: str, *arguments: Any) -> str:
    return reverse(f"orders:{name}", args=arguments)


def test_a_case_is_opened_from_the_page_of_its_order_and_stands_there(as_: Any, world: World, order: Order) -> None:
    sales = as_("sales")
    page = sales.get(url("order-detail", order.number)).content.decode()
    opens = f"{url('case-new')}?order={order.number}"
    assert f'href="{opens}" data-key="q"' in page and "They got" not in page
    form = sales.get(opens).content.decode()
    assert "Acme Tools" in form and "1. Adjustable spanner" in form
    wrong = sales.post(opens, {"kind": "complaint"})
    assert wrong.status_code == 400 and not Case.objects.exists()
    done = sales.post(opens, {"kind": "complaint", "title": "Wrong spanners", "text": "The small ones.", "channel": "phone", "priority": "urgent", "line": "1",
                              "files": [SimpleUploadedFile("photo.jpg", b"\xff\xd8"), SimpleUploadedFile("slip.txt", b"x")]})  # fmt: skip
    case = Case.objects.get()
    assert done.headers["Location"] == url("case-detail", case.number) and CaseFile.objects.count() == 2
    assert "Wrong spanners" in sales.get(url("order-detail", order.number)).content.decode()
    assert "Wrong spanners" in sales.get(reverse("reporting:customer-form", args=["ACME"])).content.decode()
    assert opens.encode() not in as_("warehouse").get(url("order-detail", order.number)).content
    assert sales.get(url("case-new")).status_code == 400 and sales.get(f"{url('case-new')}?order=SO999").status_code == 404


def test_a_case_is_worked_on_to_its_end(as_: Any, world: World, order: Order) -> None:
    sales, case = as_("sales"), complaint(world, order)
    said = sales.post(url("case-say", case.number), {"direction": "out", "text": "Which <b>ones</b>?", "wait": "on"})
    page = sales.get(said.headers["Location"]).content.decode()
    assert "Which &lt;b&gt;ones&lt;/b&gt;?" in page and "stands still" in page
    assert sales.post(url("case-say", case.number), {"direction": "out", "text": ""}).status_code == 400
    sales.post(url("case-say", case.number), {"direction": "in", "text": "The 8 mm ones."})
    assert sales.post(url("case-assign", case.number), {"assignee": str(world.finance.pk)}).status_code == 302
    other = complaint(world, order)
    assert sales.post(url("case-link", case.number), {"other": other.number[2:].lstrip("0")}).status_code == 302
    assert sales.post(url("case-merge", other.number), {"other": case.number}).headers["Location"] == url("case-detail", case.number)
    assert sales.post(url("case-link", case.number), {"other": "CS9"}).status_code == 400
    missing = sales.post(url("case-resolve", case.number), {"outcome": "Sent again"})
    assert missing.status_code == 400
    assert sales.post(url("case-resolve", case.number), {"outcome": "Sent again", "cause": "picked_wrong"}).status_code == 302
    page = sales.get(url("case-detail", case.number)).content.decode()
    assert "Sent again" in page and "Wrong goods picked" in page and 'value="out"' not in page and other.number in page
    assert sales.post(url("case-reopen", case.number), {"reason": "again"}).status_code == 302
    assert Case.objects.get(pk=case.pk).status == "open"


def test_the_list_shows_what_is_not_over_and_says_what_is_late(as_: Any, world: World, order: Order, django_assert_max_num_queries: Any) -> None:
    late = complaint(world, order, at=datetime.now(UTC) - timedelta(days=8))
    done = complaint(world, order)
    assign_case(done.pk, world.sales.pk, by=world.sales)
    sales = as_("sales")
    sales.post(url("case-resolve", done.number), {"outcome": "x", "cause": "picked_wrong"})
    with django_assert_max_num_queries(6):
        page = sales.get(url("case-list")).content.decode()
    assert late.number in page and done.number not in page and "over" in page
    assert done.number in sales.get(url("case-list"), {"which": "resolved"}).content.decode()
    assert late.number in sales.get(url("case-list"), {"which": "late"}).content.decode()
    assert late.number not in sales.get(url("case-list"), {"which": "mine"}).content.decode()
    csv = b"".join(sales.get(url("case-list"), {"export": "csv", "which": "all", "q": "acme"}).streaming_content).decode("utf-8-sig")
    assert late.number in csv and done.number in csv
    assert [h.key for h in search(world.sales, late.number)] == [late.number]


def test_a_case_and_its_files_are_not_there_for_others(as_: Any, world: World, order: Order, client: Any) -> None:
    sales = as_("sales")
    sales.post(f"{url('case-new')}?order={order.number}", {"kind": "inquiry", "title": "x", "text": "x", "channel": "mail", "priority": "normal",
                                                           "files": SimpleUploadedFile("a.html", b"<script>1</script>")})  # fmt: skip
    file = CaseFile.objects.get()
    answer = sales.get(url("case-file", file.pk))
    assert (answer.content, answer.headers["Content-Type"], answer.headers["X-Content-Type-Options"]) == (b"<script>1</script>", "application/octet-stream", "nosniff")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    client.force_login(create_user("stranger", by=world.system, roles=["sales"]), backend="django.contrib.auth.backends.ModelBackend")
    number = Case.objects.get().number
    assert {client.get(url("case-file", file.pk)).status_code, client.get(url("case-detail", number)).status_code} == {404}
    assert client.post(url("case-resolve", number), {"outcome": "x"}).status_code == 404
    assert as_("partner").get(url("case-detail", number)).status_code == 403


def test_pages_take_a_fixed_number_of_statements(as_: Any, world: World, order: Order, django_assert_max_num_queries: Any) -> None:
    case, sales = complaint(world, order), as_("sales")
    for n in range(4):
        sales.post(url("case-say", case.number), {"direction": "note", "text": f"note {n}"})
    sales.get(url("case-list"))
    with django_assert_max_num_queries(13):
        assert sales.get(url("case-detail", case.number)).status_code == 200
