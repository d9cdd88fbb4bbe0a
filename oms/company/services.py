"""Writes of shared master data: numbers drawn without gaps, and the set-up of a company in one go."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import available_timezones

from django.db import connection
from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.company.adapters import public_holidays
from oms.company.models import Calendar, CalendarDay, Company, Currency, NumberSeries, ReasonCode, TaxRule
from oms.events.services import current, use_case
from oms.kernel.errors import Invalid, NotFound

TAKE = """
UPDATE oms_numberseries SET next_number = next_number + %(count)s WHERE code = %(code)s
RETURNING next_number - %(count)s, prefix
"""


def next_numbers(series: str, count: int, prefix: str = "") -> list[tuple[int, str]]:
    """Part: the next `count` (serial, number) of a series, gapless: the row stays locked until commit.

    Last in the lock order. A series that is not set up begins at 1 with `prefix`; without one: NotFound `no_number_series`.
    """
    current()
    assert count > 0, "no numbers asked for"
    with connection.cursor() as cursor:
        cursor.execute(TAKE, {"code": series, "count": count})
        row = cursor.fetchone()
        if row is None and prefix:
            cursor.execute("INSERT INTO oms_numberseries (code, prefix, next_number) VALUES (%s, %s, 1) ON CONFLICT DO NOTHING", [series, prefix])
            cursor.execute(TAKE, {"code": series, "count": count})
            row = cursor.fetchone()
    if row is None:
        raise NotFound(
            _("The number series %(code)s is not set up.") % {"code": series}, code="no_number_series", series=series
        )
    first, prefix = row
    return [(serial, f"{prefix}{serial}") for serial in range(first, first + count)]


BEHIND = """
UPDATE oms_numberseries SET next_number = greatest(next_number, n.next)
FROM (SELECT max(substr(number, length(prefix) + 1)::bigint) + 1 AS next FROM oms_numberseries, unnest(%(numbers)s::text[]) AS u(number)
      WHERE code = %(code)s AND left(number, length(prefix)) = prefix AND substr(number, length(prefix) + 1) ~ '^[0-9]{1,15}$') n
WHERE code = %(code)s AND n.next IS NOT NULL
"""


def begin_behind(series: str, numbers: Collection[str], prefix: str = "") -> None:
    """Part: a series goes on behind these numbers, given by another system, as far as they look like its own.

    Last in the lock order. The caller knows that no gap matters: nothing was issued of a gapless series yet. `prefix` as in
    `next_numbers`.
    """
    current()
    with connection.cursor() as cursor:
        if prefix:
            cursor.execute("INSERT INTO oms_numberseries (code, prefix, next_number) VALUES (%s, %s, 1) ON CONFLICT DO NOTHING", [series, prefix])
        cursor.execute(BEHIND, {"code": series, "numbers": list(numbers)})


@dataclass(frozen=True)
class CalendarSetup:
    """A calendar: weekly pattern (Monday first), the public holidays of `country` in `years`, and single days."""

    code: str
    name: str
    weekdays: tuple[bool, ...] = (True, True, True, True, True, False, False)
    country: str = ""
    subdivision: str = ""
    years: tuple[int, ...] = ()
    days: tuple[tuple[date, bool, str], ...] = ()

    def differing(self) -> dict[date, tuple[bool, str]]:
        """Day → (worked, name); a single day wins over a public holiday."""
        free = public_holidays(self.country, self.years, self.subdivision) if self.country else []
        found = {day: (False, name[:100]) for day, name in free}
        return found | {day: (working, name) for day, working, name in self.days}


@dataclass(frozen=True)
class TaxSetup:
    tax_class: str
    tax_status: str
    category: str
    rate: Decimal
    valid_from: date
    valid_to: date | None = None
    ship_from: str = ""
    ship_to: str = ""
    note: str = ""


@dataclass(frozen=True)
class ReasonSetup:
    kind: str
    code: str
    text: str
    controllable: bool = True
    party: str = ReasonCode.Party.COMPANY


@dataclass(frozen=True)
class CompanySetup:
    """Everything shared: `currencies` are (code, exponent), `series` are (code, prefix, first number)."""

    name: str
    currency: str
    country: str
    timezone: str = "UTC"
    address: str = ""
    vat_id: str = ""
    iban: str = ""
    document_footer: str = ""
    currencies: Sequence[tuple[str, int]] = ()
    calendars: Sequence[CalendarSetup] = ()
    tax_rules: Sequence[TaxSetup] = ()
    series: Sequence[tuple[str, str, int]] = ()
    reasons: Sequence[ReasonSetup] = ()


@use_case("company.setup")
def setup_company(setup: CompanySetup, *, by: Any, at: datetime | None = None) -> Company:
    """Write the company and its shared data; run again, it brings every named row to the given values.

    A number series that exists keeps its counter. Raises Invalid `unknown_timezone`.
    """
    authorize(by, "company.setup")
    if setup.timezone not in available_timezones():
        raise Invalid(_("Unknown time zone: %(zone)s") % {"zone": setup.timezone}, code="unknown_timezone")
    Currency.objects.bulk_create(
        [Currency(code=code, exponent=exponent) for code, exponent in setup.currencies],
        update_conflicts=True, unique_fields=["code"], update_fields=["exponent"],
    )
    fields = ("name", "country", "timezone", "address", "vat_id", "iban", "document_footer")
    values = {name: getattr(setup, name) for name in fields} | {"currency_id": setup.currency}
    company, _created = Company.objects.update_or_create(pk=1, defaults=values)
    _calendars(setup.calendars)
    _tax_rules(setup.tax_rules)
    NumberSeries.objects.bulk_create(
        [NumberSeries(code=code, prefix=prefix, next_number=first) for code, prefix, first in setup.series],
        ignore_conflicts=True,
    )
    ReasonCode.objects.bulk_create(
        [ReasonCode(kind=r.kind, code=r.code, text=r.text, controllable=r.controllable, party=r.party)
         for r in setup.reasons],
        update_conflicts=True, unique_fields=["kind", "code"], update_fields=["text", "controllable", "party"],
    )
    current().event("company.set_up", [("company", company.pk)], {"tax_rules": len(setup.tax_rules)})
    return company


@use_case("company.write_calendars")
def write_calendars(setups: Sequence[CalendarSetup], *, by: Any, at: datetime | None = None) -> None:
    """Bring calendars, found by code, and their differing days to the given values; days not named stay."""
    authorize(by, "company.write_calendars")
    _calendars(setups)
    ids = Calendar.objects.filter(code__in=[s.code for s in setups]).values_list("pk", flat=True)
    current().event("calendars.written", [("calendar", pk) for pk in ids], {"calendars": len(setups)})


def _calendars(setups: Sequence[CalendarSetup]) -> None:
    calendars = Calendar.objects.bulk_create(
        [Calendar(code=s.code, name=s.name, weekdays=list(s.weekdays)) for s in setups],
        update_conflicts=True, unique_fields=["code"], update_fields=["name", "weekdays"],
    )
    CalendarDay.objects.bulk_create(
        [CalendarDay(calendar=calendar, day=day, working=working, name=name)
         for calendar, s in zip(calendars, setups, strict=True)
         for day, (working, name) in sorted(s.differing().items())],
        update_conflicts=True, unique_fields=["calendar", "day"], update_fields=["working", "name"],
    )


def _tax_rules(setups: Sequence[TaxSetup]) -> None:
    TaxRule.objects.bulk_create(
        [TaxRule(
            tax_class=s.tax_class, tax_status=s.tax_status, category=s.category, rate=s.rate, note=s.note,
            valid_from=s.valid_from, valid_to=s.valid_to, ship_from=s.ship_from, ship_to=s.ship_to,
        ) for s in setups],
        update_conflicts=True,
        unique_fields=["tax_class", "tax_status", "ship_from", "ship_to", "valid_from"],
        update_fields=["valid_to", "category", "rate", "note"],
    )


@use_case("company.add_holidays")
def add_holidays(
    calendar: str, country: str, years: Sequence[int], subdivision: str = "", *, by: Any, at: datetime | None = None
) -> int:
    """Put the public holidays of an ISO country in `years` into a calendar (by code); days it names already stay as they
    are. Returns how many are new. Raises NotFound `unknown_calendar`, Invalid `unknown_country`, `years_invalid`."""
    authorize(by, "company.write_calendars")
    found = Calendar.objects.filter(code=calendar).first()
    if found is None:
        raise NotFound(_("There is no calendar %(code)s.") % {"code": calendar}, code="unknown_calendar", calendar=calendar)
    if not years or any(not 1990 <= year <= 2100 for year in years):
        raise Invalid(_("Name years from 1990 to 2100."), code="years_invalid")
    try:
        free = public_holidays(country, years, subdivision)
    except (NotImplementedError, KeyError) as error:
        raise Invalid(_("No holidays are known for %(country)s.") % {"country": f"{country} {subdivision}".strip()},
                      code="unknown_country") from error  # fmt: skip
    known = set(CalendarDay.objects.filter(calendar=found).values_list("day", flat=True))
    new = [CalendarDay(calendar=found, day=day, working=False, name=name[:100]) for day, name in free if day not in known]
    if new:
        CalendarDay.objects.bulk_create(new)
        current().event("calendar.holidays_added", [("calendar", found.pk)],
                        {"country": country, "subdivision": subdivision, "years": sorted(set(years)), "days": len(new)})  # fmt: skip
    return len(new)
