"""Notes and files on an order: written, kept as they came, downloaded safely; internal ones never seen by the customer."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from customers.models import Post, Territory
from oms.events.models import Event
from orders.desk.services import MOST_BYTES, plain_name
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import submit
from orders.models import Order, OrderFile, OrderNote
from tests.world import World


@pytest.fixture
def order(world: World) -> Order:
    return Order.objects.get(number=submit(EntryRequest("ACME", (LineRequest("A", Decimal(3)),), "web"), by=world.sales).number)


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_a_note_with_files_is_kept_and_the_customer_sees_what_is_meant_for_them(world: World, order: Order) -> None:
    client, url, page = signed_in(world.sales), reverse("orders:order-note", args=[order.number]), reverse("orders:order-detail", args=[order.number])
    version = order.version
    drawing = SimpleUploadedFile("a/../Zeichnung \u00e9.PDF", b"%PDF-1.4 x", content_type="text/html")
    assert client.post(url, {"text": "<b>ask</b> first", "file": [drawing]}).status_code == 302
    assert client.post(url, {"text": "left at the gate", "shared": "1"}).status_code == 302
    order.refresh_from_db()
    assert order.version == version
    shown = client.get(page).content.decode()
    assert "&lt;b&gt;ask&lt;/b&gt; first" in shown and "left at the gate" in shown and "Zeichnung" in shown
    file = OrderFile.objects.get()
    got = client.get(reverse("orders:order-file", args=[order.number, file.pk]))
    assert got.content == b"%PDF-1.4 x" and got["Content-Type"] == "application/octet-stream" and got["X-Content-Type-Options"] == "nosniff"
    assert got["Content-Disposition"].startswith("attachment")
    partner = signed_in(world.partner)
    seen = partner.get(page).content.decode()
    assert "left at the gate" in seen and "first" not in seen.partition('id="notes"')[2].partition("</section>")[0]
    assert partner.get(reverse("orders:order-file", args=[order.number, file.pk])).status_code == 404
    partner.post(url, {"text": "when does it come?"})
    assert OrderNote.objects.get(by=world.partner).internal is False
    assert "first" not in str(Event.objects.filter(name="order.noted").order_by("pk")[0].data)


@pytest.mark.parametrize(
    "body",
    [{"text": " "}, {"text": "x" * 4_001}, {"text": "x", "file": [SimpleUploadedFile("a.html", b"x")]}, {"text": "x", "file": [SimpleUploadedFile("a", b"x")]},
     {"text": "x", "file": [SimpleUploadedFile("a.pdf", b"x" * (MOST_BYTES + 1))]}, {"text": "x", "file": [SimpleUploadedFile(f"{n}.pdf", b"x") for n in range(6)]}],
)  # fmt: skip
def test_what_is_not_kept(world: World, order: Order, body: dict[str, Any]) -> None:
    assert signed_in(world.sales).post(reverse("orders:order-note", args=[order.number]), body).status_code == 400
    assert not OrderNote.objects.exists() and not OrderFile.objects.exists()


def test_who_does_not_see_the_order_neither_writes_nor_reads(world: World, order: Order) -> None:
    south = Post.objects.create(code="S1", name="South", territory=Territory.objects.create(code="S", name="S"))
    signed_in(world.sales).post(reverse("orders:order-note", args=[order.number]), {"text": "x", "file": [SimpleUploadedFile("a.pdf", b"x")]})
    order.customer.post = south
    order.customer.save()
    client = signed_in(world.sales)
    assert client.post(reverse("orders:order-note", args=[order.number]), {"text": "y"}).status_code == 404
    assert client.get(reverse("orders:order-file", args=[order.number, OrderFile.objects.get().pk])).status_code == 404
    assert OrderNote.objects.count() == 1


def test_a_note_is_dropped_by_its_writer_or_a_manager_once_and_for_good(world: World, order: Order) -> None:
    client, url = signed_in(world.sales), reverse("orders:order-note", args=[order.number])
    for text in ("for another customer", "mine"):
        client.post(url, {"text": text, "file": [SimpleUploadedFile("a.pdf", b"secret")]})
    first, second = OrderNote.objects.order_by("pk")
    drop = [reverse("orders:order-note-drop", args=[order.number, note.pk]) for note in (first, second)]
    assert signed_in(world.finance).post(drop[0]).status_code == 403
    assert signed_in(world.partner).post(drop[0]).status_code == 404  # an internal one is not there for them
    assert client.post(drop[0]).status_code == 302 and client.post(drop[0]).status_code == 409
    first.refresh_from_db()
    assert (first.text, first.dropped_by, first.files.count(), second.files.count()) == ("", world.sales, 0, 1)
    page = client.get(reverse("orders:order-detail", args=[order.number])).content.decode()
    assert "another customer" not in page and f"Dropped by {world.sales}" in page
    assert signed_in(world.manager).post(drop[1]).status_code == 302 and not OrderFile.objects.exists()
    with pytest.raises(IntegrityError, match="note_dropped"), transaction.atomic():
        OrderNote.objects.filter(pk=first.pk).update(text="again")


def test_the_database_refuses_a_file_of_nothing_or_too_much(world: World, order: Order) -> None:
    signed_in(world.sales).post(reverse("orders:order-note", args=[order.number]), {"text": "x", "file": [SimpleUploadedFile("a.pdf", b"x")]})
    for size in (0, 5 * 2**20 + 1):
        with pytest.raises(IntegrityError, match="order_file_size"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE orders_orderfile SET size = %s", [size])


def test_names_are_plain() -> None:
    assert [plain_name(n) for n in ("C:\\x\\a.pdf", "../../etc/passwd", "a\u202efdp.exe", "")] == ["a.pdf", "passwd", "afdp.exe", "file"]
