"""Public holidays into a calendar: by command and in the admin; what was entered by hand stays."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from oms.company.models import Calendar, CalendarDay
from oms.company.selectors import working_days
from oms.company.services import add_holidays
from oms.kernel.errors import Forbidden, Invalid, NotFound
from tests.world import World


@pytest.fixture
def world(db: Any) -> World:
    return World.make()


def test_the_command_adds_a_countrys_holidays_once(world: World, capsys: Any) -> None:
    call_command("holidays", "week", "FR", "2026", "2027")
    first = capsys.readouterr().out
    assert first == "22 days added to week\n"
    call_command("holidays", "week", "FR", "2026")
    assert capsys.readouterr().out == "0 days added to week\n"
    calendar = Calendar.objects.get(code="week")
    days = working_days([calendar.pk], date(2026, 7, 13), date(2026, 7, 15))[calendar.pk]
    assert days == (True, False, True)


def test_a_day_entered_by_hand_stays(world: World) -> None:
    calendar = Calendar.objects.get(code="week")
    CalendarDay.objects.create(calendar=calendar, day=date(2026, 7, 14), working=True, name="inventory")
    assert add_holidays("week", "FR", [2026], by=world.system) == 10
    assert CalendarDay.objects.get(calendar=calendar, day=date(2026, 7, 14)).working


def test_what_is_not_known_is_refused_and_nothing_is_written(world: World) -> None:
    for arguments, error in ((("nope", "FR", [2026]), NotFound), (("week", "XX", [2026]), Invalid), (("week", "FR", []), Invalid)):
        with pytest.raises(error):
            add_holidays(*arguments, by=world.system)
    with pytest.raises(Forbidden):
        add_holidays("week", "FR", [2026], by=world.sales)
    with pytest.raises(CommandError):
        call_command("holidays", "nope", "FR", "2026")
    assert CalendarDay.objects.count() == 0
