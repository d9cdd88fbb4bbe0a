"""The file of calendars: a calendar's week on its first row, then a row for every day that differs from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.company.models import Calendar
from oms.company.services import CalendarSetup, write_calendars
from oms.files.cells import CellError, shown
from oms.files.formats import Column, Context, Document, Format, compare, merged, register

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def read_week(text: str) -> list[bool]:
    """"mon tue wed" as seven answers. Raises CellError."""
    named = text.lower().split()
    if not set(named) <= set(DAYS):
        raise CellError(_("%(cell)s are not days (write mon tue wed thu fri).") % {"cell": shown(text)})
    return [day in named for day in DAYS]


def write_week(week: Sequence[bool]) -> str:
    """The inverse of `read_week`."""
    return " ".join(day for day, worked in zip(DAYS, week, strict=True) if worked)


HEAD = (
    Column("name", gettext_lazy("for people"), default="", longest=100),
    Column("weekdays", gettext_lazy("days worked: mon tue wed thu fri"), default=[True] * 5 + [False] * 2, read=read_week, write=write_week),
)
COLUMNS = (
    Column("code", gettext_lazy("of the calendar"), required=True, longest=20),
    *HEAD,
    Column("day", gettext_lazy("a day that differs from the week"), "date"),
    Column("working", gettext_lazy("whether it is worked"), "boolean", default=False),
    Column("day_name", gettext_lazy("of the holiday"), default="", longest=100),
)
NAMES = [column.name for column in HEAD]


def known(codes: Sequence[str] | None = None) -> dict[str, tuple[dict[str, Any], dict[Any, dict[str, Any]]]]:
    """Code → (the head's columns, day → its columns) of the calendars that are there. Two statements."""
    rows = Calendar.objects.prefetch_related("days").order_by("code")
    return {
        c.code: ({"name": c.name, "weekdays": list(c.weekdays)}, {d.day: {"working": d.working, "day_name": d.name} for d in c.days.all()})
        for c in (rows if codes is None else rows.filter(code__in=codes))
    }


def check(documents: Sequence[Document], context: Context) -> None:
    """The differences of head and days."""
    there = known([d.head["code"] for d in documents])
    for document in documents:
        head, days = there.get(document.head["code"], (None, {}))
        compare(CALENDARS, document.rows[0], head, NAMES)
        for row in document.rows:
            if row.cells.get("day"):
                compare(CALENDARS, row, days.get(row.cells["day"]), ["working", "day_name"])


def apply(documents: Sequence[Document], context: Context) -> None:
    """Calendars as the rows say; days that are not named stay."""
    there = known([d.head["code"] for d in documents])
    setups = []
    for document in documents:
        code = document.head["code"]
        head = merged(CALENDARS, document.rows[0], there.get(code, (None, {}))[0], NAMES)
        days = tuple((r.cells["day"], bool(r.cells.get("working")), r.cells.get("day_name") or "") for r in document.rows if r.cells.get("day"))
        setups.append(CalendarSetup(code, head["name"] or code, tuple(head["weekdays"]), days=days))
    write_calendars(setups, by=context.by)


def export() -> Iterator[dict[str, Any]]:
    """Every calendar: its week, then its days."""
    for code, (head, days) in known().items():
        rows = [{"day": day, **values} for day, values in sorted(days.items())] or [{}]
        for row in rows:
            yield {"code": code, **head, **row}


CALENDARS = register(
    Format("calendars", gettext_lazy("Working days: a week, and the days that differ from it."), COLUMNS, "company.write_calendars",
           check, apply, export, key=("code", "day"), document="code", head=tuple(NAMES))
)  # fmt: skip
