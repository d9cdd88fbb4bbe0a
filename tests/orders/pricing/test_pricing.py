"""Which price a line takes: the most specific list, the break of its quantity, the net of a list with tax included."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from oms.kernel.errors import Forbidden
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import quote
from orders.models import PriceList
from orders.pricing.selectors import Asked, Buyer, offers
from orders.pricing.services import ListRow, PriceRow, upsert_prices
from tests.oms.files.conftest import Files, files, table
from tests.world import World

__all__ = ["files"]

D = Decimal
TODAY = date.today()


@pytest.fixture
def world(db: Any) -> World:
    return World.make()


def buyer(w: World) -> Buyer:
    c = w.customer
    return Buyer(c.pk, c.group, c.customer_class, "EUR", c.tax_status, "FR", "FR")


def written(w: World, code: str, price: str, scope: int = 3, minimum: int = 1, **more: Any) -> None:
    row = ListRow(code, code.title(), scope, "EUR", more.pop("since", TODAY - timedelta(days=9)), **more)
    upsert_prices([row], [PriceRow(code, w.products["A"].pk, minimum, D(price))], by=w.system)


def price(w: World, quantity: int = 1) -> tuple[Decimal | None, str | None]:
    (found,) = offers(buyer(w), TODAY, [Asked("A", D(quantity), "")])
    return found.price, found.price_source


def test_the_most_specific_list_wins_then_the_latest_then_the_break_of_the_quantity(world: World) -> None:
    assert price(world) == (D(10), "BASE")
    written(world, "NEWER", "9.50")
    written(world, "CLASS", "9.40", scope=2, customer_class=world.customer.customer_class)
    assert price(world) == (D("9.40"), "CLASS")
    written(world, "OWN", "9.20", scope=0, customer_id=world.customer.pk)
    written(world, "OWN", "8.80", scope=0, customer_id=world.customer.pk, minimum=10)
    assert [price(world, n) for n in (1, 9, 10, 500)] == [(D("9.20"), "OWN"), (D("9.20"), "OWN"), (D("8.80"), "OWN"), (D("8.80"), "OWN")]
    PriceList.objects.filter(code="OWN").update(valid_to=TODAY - timedelta(days=1))
    assert price(world) == (D("9.40"), "CLASS")


@pytest.mark.parametrize(("gross", "net", "quantity", "total"), [
    ("12.00", "10.000000", 3, "36.00"), ("9.99", "8.325000", 1, "10.00"), ("0.99", "0.825000", 7, "6.94"), ("14.95", "12.458333", 1, "14.95"), ("1.00", "0.833333", 12, "12.00"),
])  # fmt: skip
def test_a_list_with_tax_included_gives_the_net_by_the_lines_own_rate(world: World, gross: str, net: str, quantity: int, total: str) -> None:
    """Totals are made of nets (EN 16931): 9.99 has none at 20 % that gives it back, 8.33 and its tax of 1.67 are 10.00."""
    written(world, "SHOP", gross, scope=0, customer_id=world.customer.pk, includes_tax=True)
    assert price(world) == (D(net), "SHOP")
    assert quote(EntryRequest("ACME", (LineRequest("A", D(quantity)),), "web"), by=world.sales).total == D(total)


def test_without_a_rule_for_its_tax_a_price_with_tax_is_not_known(world: World) -> None:
    written(world, "SHOP", "12.00", includes_tax=True)
    nowhere = Buyer(world.customer.pk, "", 2, "EUR", "of no rule", "FR", "FR")
    (found,) = offers(nowhere, TODAY, [Asked("A", D(1), "")])
    assert (found.price, found.tax_rate) == (None, None)


def test_lists_come_and_go_by_file_with_what_they_include(world: World, files: Files) -> None:
    header = "list scope currency valid_from includes_tax sku minimum_quantity unit_price"
    path = files.csv("p.csv", table(header, ("SHOP", "base", "EUR", "2026-01-01", "yes", "A", "", "12.00"), ("SHOP", "base", "EUR", "2026-01-01", "yes", "B", "10", "24.00")))
    assert files.run("prices", path).refused == ""
    assert PriceList.objects.get(code="SHOP").includes_tax and price(world) == (D(10), "SHOP")
    with pytest.raises(Forbidden):
        upsert_prices([], [], by=world.sales)
