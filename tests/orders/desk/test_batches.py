"""Order files on their page: uploaded, columns named once, a dry run, brought in, gone on with; never twice."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from customers.models import Post, Territory
from oms.files import formats, services, uploads
from oms.files.models import ImportFile, ImportLayout
from oms.jobs import services as jobs
from oms.jobs.models import Job
from oms.kernel.errors import Conflict, NotFound
from orders.models import Order
from tests.oms.files.conftest import table
from tests.oms.files.test_resume import ORDERS, Killed, small
from tests.world import World, make_customer


@pytest.fixture
def as_(world: World) -> Any:
    """A client signed in as one of the world's people."""

    def sign_in(role: str) -> Client:
        client = Client()
        client.force_login(getattr(world, role), backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


@pytest.fixture
def live_world(live_db: str) -> World:
    return World.make()


def work() -> None:
    """What the worker does with files."""
    for pk in Job.objects.filter(pk__in=jobs.open_jobs(), kind__startswith="files.").order_by("pk").values_list("pk", flat=True):
        jobs.run(pk)


def upload(client: Client, content: str | bytes, name: str = "o.csv", **more: str) -> str:
    """Upload and have it read; returns the page's address."""
    data = content.encode() if isinstance(content, str) else content
    answer = client.post(reverse("orders:batches"), {"file": SimpleUploadedFile(name, data), **more})
    assert answer.status_code == 302, answer.content.decode()
    work()
    return str(answer.url)


THEIRS = """Auftrag;Artikel-Nr;Menge;Liefertermin;Farbe
7;A;3;01.03.2030;rot
7;B;2,0;;
8;A;1;02.03.2030;
"""
NAMED = {"column-order": "Auftrag", "column-customer_po": "Auftrag", "column-sku": "Artikel-Nr", "column-quantity": "Menge",
         "column-requested_date": "Liefertermin", "decimals": ",", "days": "dmy"}  # fmt: skip


def test_our_format_goes_straight_to_a_dry_run_and_is_created_once(as_: Any) -> None:
    client = as_("sales")
    url = upload(client, ORDERS)
    page = client.get(url).content.decode()
    assert "Create all 3 orders" in page and "148.00" in page and "X2" in page and "Acme Tools" in page
    assert not Order.objects.exists()
    assert client.post(f"{url}bring-in/").status_code == 302
    assert "You may leave this page" in client.get(url).content.decode()
    assert client.post(f"{url}discard/").status_code == 409  # the worker has it
    work()
    page = client.get(url).content.decode()
    assert Order.objects.count() == 3 and Order.objects.get(external_id="X1").number in page
    again = upload(client, ORDERS)
    assert again != url and "Create" not in client.get(again).content.decode()
    assert client.post(f"{again}bring-in/").status_code == 409  # nothing new
    assert Order.objects.count() == 3


def test_columns_are_named_once_a_sender(as_: Any) -> None:
    client = as_("sales")
    url = upload(client, THEIRS, sender="ACME")
    assert ImportFile.objects.get().state == "columns" and f"{url}columns/" in client.get(url).content.decode()
    page = client.get(f"{url}columns/").content.decode()
    assert page.count("<option selected>Auftrag</option>") == 1 and "<option selected>Menge</option>" in page
    assert '<option value="dmy" selected>' in page and 'value="," selected' in page and "Left out: Farbe" in page
    wrong = client.post(f"{url}columns/", {**NAMED, "column-order": "", "value-criticality": "9"})
    assert wrong.status_code == 400 and "Say which column" in wrong.content.decode() and "9 is more than 4" in wrong.content.decode()
    assert client.post(f"{url}columns/", {**NAMED, "value-shortage_rule": "cancel"}).status_code == 302
    work()
    assert "Create all 2 orders" in client.get(url).content.decode()
    client.post(f"{url}bring-in/")
    work()
    order = Order.objects.get(external_id="ACME:7")
    assert (order.customer_po, str(order.requested_date), order.shortage_rule, order.lines.count()) == ("7", "2030-03-01", "cancel", 2)
    later = upload(client, THEIRS + "9;B;4;;\n", sender="ACME")  # straight to the dry run, with what is new of it
    assert "Create 1 order" in client.get(later).content.decode()
    other = upload(client, THEIRS.replace("Farbe", "Groesse") + "9;B;4;;\n", sender="ACME")
    assert ImportFile.objects.get(pk=other.split("/")[-2]).state == "columns"  # a column nobody looked at
    assert ImportLayout.objects.get().owner == "sender:ACME"


def test_a_customers_order_is_received_once_whoever_brings_it(as_: Any, world: World) -> None:
    url = upload(as_("sales"), ORDERS)
    as_("sales").post(f"{url}bring-in/")
    work()
    mine = upload(as_("manager"), ORDERS.replace(",8", ",9"))
    assert "Received before" in as_("manager").get(mine).content.decode()
    assert uploads.counts(int(mine.split("/")[-2])).same == 5
    make_customer("BETA", "Beta Works", world.post)
    beta = upload(as_("sales"), table("order customer sku quantity", ("X2", "BETA", "A", "4")))
    assert "as SO" in as_("sales").get(beta).content.decode()  # the same number of another customer is not silently left out
    sent = upload(as_("sales"), table("order sku quantity", ("X2", "A", "4")), sender="Beta Works")
    as_("sales").post(f"{sent}bring-in/")
    work()
    assert Order.objects.get(external_id="BETA:X2").customer.code == "BETA"


def test_bad_rows_stop_all_or_are_left_out(as_: Any, world: World) -> None:
    south = Post.objects.create(code="S1", name="South", territory=Territory.objects.create(code="S", name="S"))
    make_customer("FAR", "Far Away", south)
    rows = table("order customer sku quantity instructions", ("1", "ACME", "A", "1", ""), ("2", "ACME", "Z", "1", ""),
                 ("3", "ACME", "A", "1", "=HYPERLINK(1)"), ("4", "FAR", "A", "1", ""))  # fmt: skip
    client = as_("sales")
    url = upload(client, rows)
    page = client.get(url).content.decode()
    assert "Create the 1 good order" in page and "There is no product Z." in page and "is a formula: write its value." in page
    assert "there is no active customer FAR." in page  # not hers to know of
    file = ImportFile.objects.get()
    with pytest.raises(Conflict, match="3 rows are wrong"):
        uploads.bring_in(file.pk, by=world.sales)
    down = client.get(f"{url}rows/").content.decode()
    assert "o.csv,3,sku,Z,There is no product Z." in down and "'=HYPERLINK(1)" in down
    client.post(f"{url}bring-in/", {"partial": "1"})
    work()
    assert list(Order.objects.values_list("external_id", flat=True)) == ["1"]
    corrected = upload(client, rows.replace(",Z,", ",B,"))
    assert "Create the 1 good order" in client.get(corrected).content.decode()


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b"<Types/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 20_000_000)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (bomb(), "would unpack to 19 MB"), (b"PK nothing", "This is not an XLSX file."), (b"a," * 1_000_000 + b"b\nx\n", "Row 1 has 1000001 cells"),
        (b"order,sku\n1,Dr\xfcl\n", "Row 2 is not utf-8 text (byte 0xFC)"), (b"order,sku\n1,\x00\n", "NUL character"), (b"order,sku\n", "no rows below"),
        (b'order,sku\n1,"A\n', "Row 2 is broken"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_why_and_keeps_nothing(as_: Any, content: bytes, said: str) -> None:
    client = as_("sales")
    page = client.get(upload(client, content)).content.decode()
    assert said in page.replace("&#x27;", "'") and "Choose it again" in page
    assert ImportFile.objects.get().state == "failed" and not ImportFile.objects.get().rows.exists()


def test_refused_at_the_door(as_: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client, url = as_("sales"), reverse("orders:batches")
    assert client.post(url, {"file": SimpleUploadedFile("o.csv", b" \n")}).status_code == 400
    assert client.post(url, {"file": SimpleUploadedFile("o.csv", b"x"), "sender-text": "Nobody"}).status_code == 400
    monkeypatch.setattr(services, "MAX_BYTES", 10)
    assert client.post(url, {"file": SimpleUploadedFile("o.csv", b"x" * 11)}).status_code == 400
    assert as_("finance").get(url).status_code == 403
    assert not ImportFile.objects.exists()


def test_others_neither_see_nor_touch_a_file(as_: Any, world: World) -> None:
    url = upload(as_("sales"), ORDERS)
    for path in ("", "columns/", "rows/"):
        assert as_("manager").get(f"{url}{path}").status_code == 404
    assert as_("manager").post(f"{url}bring-in/", {"partial": "1"}).status_code == 404
    with pytest.raises(NotFound):
        uploads.drop(ImportFile.objects.get().pk, by=world.manager)
    answer = as_("manager").post(reverse("orders:batches"), {"file": SimpleUploadedFile("o.csv", ORDERS.encode())})
    assert answer.status_code == 409 and "Somebody else has this file open" in answer.content.decode()
    assert as_("sales").post(f"{url}discard/").status_code == 302
    assert ImportFile.objects.get().state == "dropped" and not ImportFile.objects.get().rows.exists()
    assert upload(as_("manager"), ORDERS) != url


def test_a_partners_file_is_theirs(as_: Any) -> None:
    client = as_("partner")
    url = upload(client, table("order sku quantity", ("P1", "A", "2")))
    client.post(f"{url}bring-in/")
    work()
    assert Order.objects.get().external_id == "ACME:P1"


@pytest.mark.parametrize("at", range(1, 4))
def test_killed_at_any_order_the_next_worker_goes_on(live_world: World, monkeypatch: Any, at: int) -> None:
    file = uploads.receive("orders", "o.csv", ORDERS.encode(), by=live_world.sales)
    work()
    uploads.bring_in(file.pk, by=live_world.sales)
    mark, seen = services._done, []

    def die(*args: Any, **kwargs: Any) -> None:
        seen.append(args)
        if len(seen) == at:
            raise Killed
        mark(*args, **kwargs)

    small(monkeypatch, "orders", batch=1)
    monkeypatch.setattr(services, "_done", die)
    with pytest.raises(Killed):
        work()
    assert Order.objects.count() == at and formats.named("orders").batch == 1
    assert Job.objects.get(kind=uploads.APPLY).state == Job.State.RUNNING
    Job.objects.update(lease_until=timezone.now())  # as time does
    work()
    assert sorted(Order.objects.values_list("external_id", flat=True)) == ["X1", "X2", "X3"]
    assert Job.objects.get(kind=uploads.APPLY).state == Job.State.DONE
    file.refresh_from_db()
    assert file.state == "done" and uploads.counts(file.pk).created == 5


def test_after_the_worker_gave_up_one_goes_on_by_hand(as_: Any, monkeypatch: Any) -> None:
    client = as_("sales")
    url = upload(client, ORDERS)
    client.post(f"{url}bring-in/")
    monkeypatch.setattr(services, "_apply_some", lambda *args: 1 / 0)
    for _n in range(3):
        work()
        Job.objects.update(lease_until=None)
    page = client.get(url).content.decode()
    assert "The worker gave up" in page and "ZeroDivisionError" in page
    monkeypatch.undo()
    assert client.post(f"{url}go-on/").status_code == 302
    work()
    assert Order.objects.count() == 3
