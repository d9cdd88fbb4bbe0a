from datetime import date
from decimal import Decimal

import pytest

from oms.access.services import create_user
from oms.accounts.selectors import system_user
from oms.company.models import CalendarDay, Company, NumberSeries, ReasonCode, TaxRule
from oms.company.services import (
    CalendarSetup,
    CompanySetup,
    ReasonSetup,
    TaxSetup,
    next_numbers,
    setup_company,
)
from oms.events.services import command
from oms.kernel.errors import Forbidden, Invalid, NotFound

pytestmark = [pytest.mark.db, pytest.mark.django_db]


def setup(rate="0.19", first=1):
    return CompanySetup(
        "Northwind", "EUR", "DE", "Europe/Berlin",
        currencies=[("EUR", 2)],
        calendars=[CalendarSetup("DE", "Germany", country="DE", years=(2026,))],
        tax_rules=[TaxSetup("standard", "taxable", "standard", Decimal(rate), date(2020, 1, 1))],
        series=[("invoice", "INV", first)],
        reasons=[ReasonSetup("cut", "no_stock", "Out of stock")],
    )  # fmt: skip


def test_a_company_is_set_up_in_one_go():
    setup_company(setup(), by=system_user())
    company = Company.objects.get()
    assert (company.name, company.currency_id, company.timezone) == ("Northwind", "EUR", "Europe/Berlin")
    assert CalendarDay.objects.get(day=date(2026, 12, 25)).working is False
    assert ReasonCode.objects.get(kind="cut").code == "no_stock"


def test_set_up_again_changes_values_but_never_a_counter():
    setup_company(setup(), by=system_user())
    with command("test", by=system_user()):
        next_numbers("invoice", 3)
    setup_company(setup(rate="0.20", first=1), by=system_user())
    assert TaxRule.objects.get().rate == Decimal("0.20")
    assert NumberSeries.objects.get().next_number == 4


def test_only_the_system_sets_a_company_up():
    admin = create_user("ada", by=system_user(), roles=["administrator", "manager"])
    with pytest.raises(Forbidden):
        setup_company(setup(), by=admin)
    assert not Company.objects.exists()


def test_an_unknown_zone_is_refused():
    with pytest.raises(Invalid) as refused:
        setup_company(CompanySetup("N", "EUR", "DE", "Mars/Olympus", currencies=[("EUR", 2)]), by=system_user())
    assert refused.value.code == "unknown_timezone"
    assert not Company.objects.exists()


def test_numbers_follow_each_other_without_gaps():
    setup_company(setup(first=41), by=system_user())
    with command("test", by=system_user()):
        assert next_numbers("invoice", 2) == [(41, "INV41"), (42, "INV42")]
        assert next_numbers("invoice", 1) == [(43, "INV43")]


def test_numbers_of_a_refused_document_are_given_again():
    setup_company(setup(), by=system_user())
    with pytest.raises(Invalid), command("test", by=system_user()):
        assert next_numbers("invoice", 5)[-1] == (5, "INV5")
        raise Invalid("no")
    with command("test", by=system_user()):
        assert next_numbers("invoice", 1) == [(1, "INV1")]


def test_a_series_that_is_not_set_up_gives_nothing():
    with pytest.raises(NotFound) as refused, command("test", by=system_user()):
        next_numbers("invoice", 1)
    assert refused.value.data == {"series": "invoice"}


def test_numbers_are_drawn_inside_a_command_only():
    with pytest.raises(AssertionError):
        next_numbers("invoice", 1)
