"""Tables by mail: asked for on their page, read with the owner's rights of that day, once a day of their cadence, stopped."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from oms.access.services import grant_roles
from oms.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from oms.mail.models import Mail
from oms.mail.services import message
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import submit
from reporting.models import ScheduledReport
from reporting.scheduled.domain import next_day
from reporting.scheduled.rendering import render
from reporting.scheduled.selectors import due
from reporting.scheduled.services import schedule, send, stop
from reporting.scheduled.tasks import mail_tables
from tests.world import World

ORDERS = "/orders/?status=submitted"


@pytest.fixture
def world(db: Any) -> World:
    w = World.make()
    submit(EntryRequest("ACME", (LineRequest("A", Decimal(90)),), "web"), by=w.sales)
    return w


def rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


@pytest.mark.parametrize(("cadence", "after", "day"), [
    ("daily", date(2026, 12, 31), date(2027, 1, 1)), ("weekly", date(2026, 11, 27), date(2026, 11, 30)), ("weekly", date(2026, 11, 30), date(2026, 12, 7)),
    ("monthly", date(2026, 1, 31), date(2026, 2, 1)), ("monthly", date(2026, 12, 1), date(2027, 1, 1)),
])  # fmt: skip
def test_the_next_day_of_each_cadence(cadence: str, after: date, day: date) -> None:
    assert next_day(cadence, after) == day


def test_a_table_is_read_with_its_filters_and_its_owners_rights(world: World) -> None:
    name, content = render(ORDERS, world.manager, "csv", "Open orders")
    assert name == f"open-orders-{timezone.localdate()}.csv" and len(rows(content)) == 2
    assert len(rows(render("/orders/?status=cancelled", world.manager, "csv", "x")[1])) == 1
    with pytest.raises(Forbidden):
        render(reverse("payments:bank-lines"), world.sales, "csv", "Bank")
    for path in ("/nowhere/", "https://elsewhere.example/orders/", reverse("orders:enter")):
        with pytest.raises(Invalid, match="no table"):
            render(path, world.manager, "csv", "x")


def test_what_is_asked_for_comes_on_its_day_once_and_is_stopped(world: World) -> None:
    report = schedule(ORDERS, "Open orders", "weekly", "csv", by=world.manager)
    with pytest.raises(Conflict, match="already"):
        schedule(ORDERS, "Again", "weekly", "csv", by=world.manager)
    day = report.next_on
    assert day.weekday() == 0 and due(day - timedelta(days=1)) == [] and due(day) == [report.pk]
    assert send(report.pk, day, by=world.system) and not send(report.pk, day, by=world.system)
    mail = Mail.objects.get(kind="report")
    assert (mail.to_address, mail.title) == (world.manager.email, f"Open orders, {day}") and ORDERS in mail.body
    (attached,) = message(mail).attachments
    assert attached[0].endswith(".csv") and attached[2] == "text/csv"
    report.refresh_from_db()
    assert (report.last_on, report.next_on) == (day, day + timedelta(days=7))
    with pytest.raises(NotFound):
        stop(report.pk, by=world.sales)
    stop(report.pk, by=world.manager)
    assert due(day + timedelta(days=7)) == []


def test_who_may_not_see_it_any_more_gets_nothing(world: World) -> None:
    report = schedule(reverse("payments:bank-lines"), "Bank", "daily", "xlsx", by=world.finance)
    grant_roles(world.finance.pk, ["warehouse"], by=world.system)
    day = report.next_on
    assert not send(report.pk, day, by=world.system)
    report.refresh_from_db()
    assert report.trouble and report.last_on is None and not Mail.objects.filter(kind="report").exists()
    world.finance.is_active = False
    world.finance.save()
    assert due(day + timedelta(days=9)) == []


def test_an_account_without_an_address_is_told(world: World) -> None:
    world.approver.email = ""
    with pytest.raises(Invalid, match="no mail address"):
        schedule(ORDERS, "x", "daily", "csv", by=world.approver)
    with pytest.raises(Forbidden):
        schedule(ORDERS, "x", "daily", "csv", by=world.partner)
    with pytest.raises(Invalid):
        schedule(ORDERS, "x", "hourly", "csv", by=world.manager)


def test_the_page_of_a_table_leads_there(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client()
    client.force_login(world.manager, backend="django.contrib.auth.backends.ModelBackend")
    link = reverse("reporting:schedule") + "?path=%2Forders%2F%3Fstatus%3Dsubmitted"
    assert link in client.get(ORDERS).content.decode()
    form = client.get(reverse("reporting:schedule") + "?path=/orders/%3Fstatus%3Dsubmitted%26page%3D3").content.decode()
    assert 'value="/orders/?status=submitted"' in form
    answer = client.post(reverse("reporting:schedule"), {"path": ORDERS, "title": "Open", "cadence": "daily", "file_format": "xlsx"})
    assert answer.status_code == 302 and ScheduledReport.objects.get().path == ORDERS
    assert "Every morning" in client.get(reverse("reporting:scheduled")).content.decode()

    class Running:
        by = world.system

        def progress(self, done: int, total: int) -> None: ...

    monkeypatch.setattr("reporting.scheduled.tasks.timezone.localdate", lambda timezone=None: date.today() + timedelta(days=1))
    assert mail_tables(Running()) == {"sent": 1, "refused": 0}  # type: ignore[arg-type]
    client.post(reverse("reporting:scheduled-stop", args=[ScheduledReport.objects.get().pk]))
    assert "No tables by mail" in client.get(reverse("reporting:scheduled")).content.decode()
