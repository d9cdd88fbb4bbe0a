"""Reads of shared master data, set-wise: working days, tax rules, the currency's exponent, the company itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from oms.company.models import Company, Currency
from oms.kernel.errors import NotFound
from oms.kernel.money import half_up

_exponents: dict[str, int] = {}

CALENDARS = """
SELECT c.id, c.weekdays,
       coalesce(array_agg(d.day) FILTER (WHERE d.day IS NOT NULL), '{}'),
       coalesce(array_agg(d.working) FILTER (WHERE d.day IS NOT NULL), '{}')
FROM oms_calendar c
LEFT JOIN oms_calendarday d ON d.calendar_id = c.id AND d.day BETWEEN %(first)s AND %(last)s
WHERE c.id = ANY(%(ids)s)
GROUP BY c.id
"""


def working_days(calendar_ids: Iterable[int], first: date, last: date) -> dict[int, tuple[bool, ...]]:
    """For each calendar whether every day from `first` to `last` (both included) is worked. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(CALENDARS, {"ids": sorted(set(calendar_ids)), "first": first, "last": last})
        rows = cursor.fetchall()
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    result: dict[int, tuple[bool, ...]] = {}
    for calendar_id, weekdays, named, working in rows:
        differs = dict(zip(named, working, strict=True))
        result[calendar_id] = tuple(differs.get(day, weekdays[day.weekday()]) for day in days)
    return result


class TaxKey(NamedTuple):
    """What a tax rule is found by: product's class, customer's status, two ISO countries, tax date."""

    tax_class: str
    tax_status: str
    ship_from: str
    ship_to: str
    on: date


@dataclass(frozen=True)
class Tax:
    """The rule that applies: `rate` is a share (0.19)."""

    rule_id: int
    category: str
    rate: Decimal
    note: str


FIND_TAX = """
SELECT k.n, r.id, r.category, r.rate, r.note
FROM unnest(%(classes)s::text[], %(statuses)s::text[], %(froms)s::text[], %(tos)s::text[], %(days)s::date[])
     WITH ORDINALITY AS k(tax_class, tax_status, ship_from, ship_to, day, n)
CROSS JOIN LATERAL (
    SELECT id, category, rate, note FROM oms_taxrule t
    WHERE t.tax_class = k.tax_class AND t.tax_status = k.tax_status
      AND t.ship_from IN ('', k.ship_from) AND t.ship_to IN ('', k.ship_to)
      AND t.valid_from <= k.day AND (t.valid_to IS NULL OR t.valid_to >= k.day)
    ORDER BY (t.ship_from <> '')::int + (t.ship_to <> '')::int DESC, t.ship_to <> '' DESC, t.valid_from DESC
    LIMIT 1
) r
"""


def find_tax(keys: Iterable[TaxKey]) -> dict[TaxKey, Tax]:
    """The rule of each key, in one statement; a key without a rule is missing from the answer (never 0 %).

    The rule that names most countries wins, between one that names ship-from and one that names ship-to the latter,
    then the latest start. `valid_to` is the last day.
    """
    wanted: Sequence[TaxKey] = list(dict.fromkeys(TaxKey(*key) for key in keys))
    if not wanted:
        return {}
    columns = [list(column) for column in zip(*wanted, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(FIND_TAX, dict(zip(("classes", "statuses", "froms", "tos", "days"), columns, strict=True)))
        return {wanted[n - 1]: Tax(*rule) for n, *rule in cursor.fetchall()}


def exponent(currency: str) -> int:
    """Decimals of an ISO currency (0, 2 or 3); raises NotFound `unknown_currency`. Kept for the process once read."""
    if currency not in _exponents:
        row = Currency.objects.filter(pk=currency).values_list("exponent", flat=True).first()
        if row is None:
            raise NotFound(
                _("The currency %(code)s is not set up.") % {"code": currency}, code="unknown_currency", currency=currency
            )
        _exponents[currency] = row
    return _exponents[currency]


def in_words(amount: Decimal | None, currency: str) -> str:
    """An amount for a sentence: half up at the currency's exponent, grouped, `2,733.00`; empty for None."""
    return "" if amount is None else number_format(half_up(amount, exponent(currency)), use_l10n=True, force_grouping=True)


def company() -> Company:
    """The legal entity; raises NotFound `no_company` before set-up."""
    row = Company.objects.filter(pk=1).first()
    if row is None:
        raise NotFound(_("The company is not set up."), code="no_company", clears=_("Set up the company first."))
    return row


def company_zone() -> ZoneInfo:
    """The time zone in which the company's business day turns; UTC before set-up."""
    name = Company.objects.filter(pk=1).values_list("timezone", flat=True).first()
    return ZoneInfo(name or "UTC")


AHEAD = """
SELECT number FROM oms_numberseries, unnest(%(numbers)s::text[]) AS u(number)
WHERE code = %(code)s AND left(number, length(prefix)) = prefix AND substr(number, length(prefix) + 1) ~ '^[0-9]{1,15}$'
  AND substr(number, length(prefix) + 1)::bigint >= next_number
"""


def numbers_ahead(series: str, numbers: Collection[str]) -> set[str]:
    """Those of the numbers that a series would give itself one day."""
    with connection.cursor() as cursor:
        cursor.execute(AHEAD, {"code": series, "numbers": list(numbers)})
        return {number for (number,) in cursor.fetchall()}
