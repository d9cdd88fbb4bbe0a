"""Reminders go up one level a time, pause a week, stop on dispute, and are written once a day."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from oms.kernel.errors import Forbidden
from payments.billing.domain import next_level
from payments.billing.selectors import reminders_due
from payments.billing.services import dispute_invoice, dun, settle_dispute
from payments.models import DunningNotice, DunningNoticeItem
from tests.payments.conftest import TODAY, Money, days, violated

D = Decimal


@pytest.mark.parametrize(("overdue", "last", "since", "level"), [
    (6, 0, None, 0), (7, 0, None, 1), (40, 0, None, 1), (20, 1, 13, 0), (21, 1, 14, 2), (60, 1, 6, 0), (60, 1, 7, 2), (60, 2, 7, 3), (99, 3, 7, 3),
])  # fmt: skip
def test_the_level_goes_up_one_a_time(overdue: int, last: int, since: int | None, level: int) -> None:
    assert next_level(overdue, last, since) == level


def test_reminders_leave_disputed_invoices_alone_and_are_written_once_a_day(money: Money) -> None:
    w, account = money.world, money.account.pk
    old, disputed, young = (money.invoice("100.00", day=TODAY - days(n), terms=30) for n in (60, 60, 33))
    dispute_invoice(disputed.pk, "broken", by=w.sales)
    with pytest.raises(Forbidden):
        dun([account], TODAY, by=w.sales)
    (notice,) = dun([account], TODAY, by=w.finance)
    assert (notice.number, notice.level, notice.total, list(notice.items.values_list("invoice_id", flat=True))) == ("RM1", 1, D("120.00"), [old.pk])
    assert dun([account], TODAY, by=w.finance) == [] and DunningNotice.objects.count() == 1
    settle_dispute(disputed.pk, "agreed", by=w.finance)
    later = TODAY + days(7)
    (second,) = dun([account], later, by=w.finance)
    assert (second.level, second.total) == (2, D("360.00"))
    assert dict(second.items.values_list("invoice_id", "level")) == {old.pk: 2, disputed.pk: 1, young.pk: 1}
    assert violated() == []


def test_the_page_writes_them_and_prints_the_letter(money: Money) -> None:
    money.invoice("100.00", day=TODAY - days(60), terms=30)
    client = Client()
    client.force_login(money.world.finance, backend="django.contrib.auth.backends.ModelBackend")
    assert "Write the reminders" in client.get(reverse("payments:reminders")).content.decode()
    assert client.post(reverse("payments:reminders-write")).status_code == 302
    assert DunningNoticeItem.objects.count() == 1 and reminders_due(TODAY) == []
    letter = client.get(reverse("payments:reminder-pdf", args=["RM1"]))
    assert letter.content.startswith(b"%PDF")
    money.line("77.00", "unknown")
    page = client.get(reverse("orders:daily-close")).content.decode()
    assert "77.00" in page and "Bank lines to match" in page
