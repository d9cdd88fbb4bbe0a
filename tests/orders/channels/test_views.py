"""The page of messages: every reason with its way out, used as a person uses it; the folder; the file of codes; the worker."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse

from oms.accounts.models import User
from oms.jobs.services import run_due
from orders.channels.services import connect, enter, look, receive
from orders.models import CrossReference, Message, Order, Reply, TradingPartner
from reporting.problems.selectors import problems
from tests.orders.channels import samples
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def edi(world: World) -> TradingPartner:
    made = connect("acme-edi", "Acme", "x12", by=world.system, customer=world.customer)
    CrossReference.objects.create(partner=made, kind="address", code="STORE-9", address=world.customer.addresses.get())
    return made


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def held(world: World, edi: TradingPartner, **broken: str) -> Message:
    made = receive(edi, samples.x12(**broken).encode(), "api", by=world.system)
    message = Message.objects.get(transmission_id=made.transmission)
    enter(message.pk, by=world.system)
    message.refresh_from_db()
    assert message.state == "quarantined"
    return message


def act(client: Client, message: Message, step: str, **data: Any) -> Any:
    message.refresh_from_db()
    answer = client.post(reverse(f"orders:message-{step}", args=[message.number]), {"version": message.version, **data})
    enter(message.pk, by=User.objects.get(username="system"))
    message.refresh_from_db()
    return answer


def test_a_message_is_found_understood_and_cleared_on_its_page(world: World, edi: TradingPartner) -> None:
    message = held(world, edi, lines="PO1*1*4*EA*10**BP*4711~", ctt="CTT*1*9~")
    client = signed_in(world.manager)
    listed = client.get(reverse("orders:message-list"), {"state": "quarantined"})
    assert message.number in listed.content.decode()
    page = client.get(reverse("orders:message-detail", args=[message.number])).content.decode()
    assert "The quantities add up to 4, the message says 9." in page and "PO1*1*4*EA*10**BP*4711~" in page
    assert act(client, message, "waive", finding=["quantity_sum"], reason="asked them").status_code == 302
    page = client.get(reverse("orders:message-detail", args=[message.number])).content.decode()
    assert "The quantities" not in page
    assert "4711 is not known as a product" in page and "4711 is our product" in page
    act(client, message, "map", kind="product", code="4711", target="A")
    assert message.state == "entered" and message.order == Order.objects.get()
    page = client.get(reverse("orders:message-detail", args=[message.number])).content.decode()
    assert message.order.number in page and "took the message as it is" in page and "asked them" in page


def test_a_correction_changes_only_what_was_changed(world: World, edi: TradingPartner) -> None:
    message = held(world, edi, lines="PO1*1*x*EA*10**VN*A~PO1*2*2*CA*100**VN*B~", ctt="CTT*2~")
    data = {"was-lines.0.quantity": "0", "lines.0.quantity": "6", "was-lines.1.quantity": "2", "lines.1.quantity": "2", "reason": "by phone", "state": "entered"}
    act(signed_in(world.manager), message, "correct", **data)
    assert message.corrections == {"lines.0.quantity": "6"} and message.state == "entered"


def test_who_looked_at_an_older_state_is_told(world: World, edi: TradingPartner) -> None:
    message = held(world, edi, se="99")
    answer = signed_in(world.manager).post(reverse("orders:message-waive", args=[message.number]), {"version": "0", "finding": "wrong_count", "reason": "x"})
    assert answer.status_code == 412
    message.refresh_from_db()
    assert message.state == "quarantined"


def test_messages_of_customers_one_does_not_see_are_not_there(world: World, edi: TradingPartner) -> None:
    message = held(world, edi, se="99")
    TradingPartner.objects.update(customer=None)
    assert signed_in(world.sales).get(reverse("orders:message-detail", args=[message.number])).status_code == 404
    assert signed_in(world.manager).get(reverse("orders:message-detail", args=[message.number])).status_code == 200
    assert signed_in(world.warehouse).get(reverse("orders:message-list")).status_code == 403


def test_what_a_stranger_sent_is_never_a_page_of_ours(world: World) -> None:
    who = connect("ubl", "Ubl", "ubl", by=world.system, customer=world.customer)
    receive(who, b"<script>alert(1)</script>", "api", by=world.system, name='a"\r\nX: y.html')
    message = Message.objects.get()
    client = signed_in(world.manager)
    assert b"<script>alert(1)</script>" not in client.get(reverse("orders:message-detail", args=[message.number])).content
    raw = client.get(reverse("orders:message-raw", args=[message.number]))
    assert raw.content == b"<script>alert(1)</script>" and raw.headers["Content-Disposition"] == 'attachment; filename="a___X__y.html"'
    assert raw.headers["Content-Type"] == "application/octet-stream"


def test_a_quarantined_message_is_a_problem_until_it_is_cleared(world: World, edi: TradingPartner) -> None:
    message = held(world, edi, se="99")
    (problem,) = [p for p in problems(world.sales) if p.kind.code == "channel.quarantined"]
    assert problem.number == message.number and "The trailer counts 99" in str(problem.kind.sentence(problem.facts))
    signed_in(world.manager).post(reverse("orders:message-discard", args=[message.number]), {"version": message.version, "reason": "a test"})
    assert [p for p in problems(world.sales) if p.kind.code == "channel.quarantined"] == []


def test_a_file_sent_by_hand_leads_to_its_message(world: World, edi: TradingPartner) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    client, url = signed_in(world.sales), reverse("orders:message-send")
    answer = client.post(url, {"partner": "acme-edi", "file": SimpleUploadedFile("po.edi", samples.x12().encode())})
    assert answer.headers["Location"] == reverse("orders:message-detail", args=[Message.objects.get().number])
    assert client.post(url, {"partner": "acme-edi", "file": SimpleUploadedFile("po.edi", b" ")}).status_code == 400


def test_the_worker_enters_what_waits(world: World, edi: TradingPartner) -> None:
    receive(edi, (samples.x12(number="P1") + samples.x12(number="P2", control="000000056")).encode(), "api", by=world.system)
    run_due(datetime.now(UTC))
    assert list(Message.objects.order_by("pk").values_list("state", flat=True)) == ["entered", "entered"]


def test_the_folder_takes_files_once_and_writes_replies(world: World, edi: TradingPartner, tmp_path: Path) -> None:
    inbox = tmp_path / "acme-edi" / "in"
    inbox.mkdir(parents=True)
    (inbox / "a.edi").write_text(samples.x12())
    (inbox / "b.edi.part").write_text("half")
    (inbox / "empty.edi").write_text("")
    taken = look(tmp_path, by=world.system, settled=0)
    assert sorted((t.name, t.outcome.split(":")[0]) for t in taken) == [("a.edi", "received"), ("empty.edi", "refused")]
    assert [p.name for p in inbox.iterdir()] == ["b.edi.part"]
    assert (tmp_path / "acme-edi/refused/empty.edi.reason.txt").read_text()
    (out,) = (tmp_path / "acme-edi/out").iterdir()
    assert out.read_text().startswith("ISA*") and Reply.objects.get().taken_at is not None
    (inbox / "again.edi").write_text(samples.x12())
    assert look(tmp_path, by=world.system, settled=0)[0].outcome == "again" and Message.objects.count() == 1
    (inbox / "new.edi").write_text(samples.x12(number="P9"))
    assert look(tmp_path, by=world.system, settled=60) == []  # still being written, for all we know


def test_the_folders_command_says_what_it_took(world: World, edi: TradingPartner, tmp_path: Path) -> None:
    (tmp_path / "acme-edi/in").mkdir(parents=True)
    (tmp_path / "acme-edi/in/a.edi").write_text(samples.x12())
    out = StringIO()
    call_command("drop_folder", str(tmp_path), settled=0, stdout=out)
    assert out.getvalue() == f"a.edi: received {Message.objects.get().number}\n"
    with pytest.raises(CommandError):
        call_command("drop_folder", str(tmp_path / "nowhere"))


def test_codes_come_by_file_and_go_back_the_same(world: World, edi: TradingPartner, tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    path.write_text("partner,kind,code,means\nacme-edi,product,4711,A\nacme-edi,customer,C1,ACME\nacme-edi,unit,KI,case\n")
    out = StringIO()
    call_command("import_references", str(path), stdout=out)
    assert "3 rows in, 3 created" in out.getvalue()
    back = tmp_path / "back.csv"
    call_command("export_references", str(back), stdout=StringIO())
    assert back.read_text().splitlines()[1:] == [
        "acme-edi,address,STORE-9,ACME/MAIN", "acme-edi,customer,C1,ACME", "acme-edi,product,4711,A", "acme-edi,unit,KI,case",
    ]  # fmt: skip
    out = StringIO()
    call_command("import_references", str(back), stdout=out)
    assert "0 created, 0 changed, 4 the same" in out.getvalue()
    path.write_text("partner,kind,code,means\nnobody,product,4711,A\nacme-edi,product,1,NOPE\n")
    with pytest.raises(CommandError):
        call_command("import_references", str(path), stdout=StringIO())


def test_an_administrator_connects_a_partner_in_the_admin(world: World) -> None:
    from tests.world import person

    admin = person("administrator", world.system)
    admin.is_staff = True
    admin.save()
    client = signed_in(admin)
    data = {"code": "new-shop", "name": "New shop", "format": "shopify", "prices": "theirs", "places": "created", "secret": "abc", "active": "on"}
    assert client.post(reverse("admin:orders_tradingpartner_add"), data).status_code == 302
    made = TradingPartner.objects.get(code="new-shop")
    assert made.actor.is_system and str(made.actor) == "New shop" and made.secret == "abc"
    page = reverse("admin:orders_tradingpartner_change", args=[made.pk])
    assert b"abc" not in client.get(page).content.replace(b"abc-", b"")
    client.post(page, {**data, "name": "Newer shop", "secret": ""})
    made.refresh_from_db()
    assert (made.name, made.secret) == ("Newer shop", "abc")
