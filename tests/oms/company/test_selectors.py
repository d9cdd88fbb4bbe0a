from datetime import date
from decimal import Decimal

import pytest

from oms.accounts.selectors import system_user
from oms.company import selectors
from oms.company.models import Calendar, Currency
from oms.company.selectors import TaxKey, company_zone, exponent, find_tax, working_days
from oms.company.services import CalendarSetup, CompanySetup, TaxSetup, setup_company
from oms.kernel.errors import NotFound

pytestmark = [pytest.mark.db, pytest.mark.django_db]

SATURDAY_TOO = (True, True, True, True, True, True, False)


def setup(**given):
    base = {"name": "Northwind", "currency": "EUR", "country": "DE", "currencies": [("EUR", 2)]}
    return setup_company(CompanySetup(**(base | given)), by=system_user())


def rule(category, rate, *, start=date(2020, 1, 1), **given):
    return TaxSetup("standard", "taxable", category, Decimal(rate), start, **given)


def test_working_days_follow_the_week_the_holidays_and_the_single_days(django_assert_num_queries):
    setup(
        calendars=[
            CalendarSetup(
                "DE", "Germany", country="DE", years=(2026,), days=((date(2026, 5, 2), True, "worked Saturday"),)
            ),
            CalendarSetup("SIX", "Six days", SATURDAY_TOO),
        ]
    )
    ids = dict(Calendar.objects.values_list("code", "pk"))
    with django_assert_num_queries(1):
        days = working_days([ids["DE"], ids["SIX"]], date(2026, 4, 30), date(2026, 5, 4))
    # Thursday, Friday 1 May (Labour Day), Saturday, Sunday, Monday
    assert days == {ids["DE"]: (True, False, True, False, True), ids["SIX"]: (True, True, True, False, True)}


def test_an_unknown_calendar_is_missing_not_working():
    assert working_days([0], date(2026, 1, 1), date(2026, 1, 2)) == {}


def test_the_most_specific_tax_rule_wins_then_the_latest_start(django_assert_num_queries):
    setup(
        tax_rules=[
            rule("standard", "0.16"),
            rule("standard", "0.19", start=date(2021, 1, 1)),
            rule("zero", "0", ship_from="DE"),
            rule("export", "0", ship_to="CH", note="Export"),
            rule("reverse_charge", "0", ship_from="DE", ship_to="FR"),
        ]
    )

    def key(ship_from, ship_to, on=date(2026, 1, 1)):
        return TaxKey("standard", "taxable", ship_from, ship_to, on)

    keys = [key("AT", "AT"), key("AT", "AT", date(2020, 6, 1)), key("DE", "DE"), key("DE", "CH"), key("DE", "FR")]
    with django_assert_num_queries(1):
        found = find_tax(keys)
    assert [(found[k].category, found[k].rate) for k in keys] == [
        ("standard", Decimal("0.19")),
        ("standard", Decimal("0.16")),
        ("zero", Decimal(0)),
        ("export", Decimal(0)),
        ("reverse_charge", Decimal(0)),
    ]
    assert found[keys[3]].note == "Export"


def test_no_rule_means_no_tax_is_known_never_zero():
    setup(tax_rules=[rule("standard", "0.19", valid_to=date(2025, 12, 31))])
    last, after = (TaxKey("standard", "taxable", "DE", "DE", day) for day in (date(2025, 12, 31), date(2026, 1, 1)))
    before = TaxKey("standard", "taxable", "DE", "DE", date(2019, 12, 31))
    other = TaxKey("books", "taxable", "DE", "DE", date(2025, 1, 1))
    assert set(find_tax([last, after, before, other])) == {last}
    assert find_tax([]) == {}


def test_an_exponent_is_read_once_and_an_unknown_currency_is_refused(monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(selectors, "_exponents", {})
    Currency.objects.bulk_create([Currency(code="JPY", exponent=0), Currency(code="KWD", exponent=3)])
    with django_assert_num_queries(2):
        assert [exponent(code) for code in ("JPY", "KWD", "JPY", "KWD")] == [0, 3, 0, 3]
    with pytest.raises(NotFound) as refused:
        exponent("XXX")
    assert refused.value.data == {"currency": "XXX"}


def test_the_zone_is_utc_until_the_company_is_set_up():
    assert company_zone().key == "UTC"
    setup(timezone="Europe/Berlin")
    assert company_zone().key == "Europe/Berlin"
