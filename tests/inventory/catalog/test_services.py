from decimal import Decimal

import pytest

from inventory.catalog.models import LocationStaff, Product, StorageLocation, Unit
from inventory.catalog.selectors import (
    products_by_sku,
    search_products,
    staffed_locations,
    units_of,
    visible_locations,
)
from inventory.catalog.services import (
    LocationRow,
    ProductRow,
    assign_staff,
    upsert_locations,
    upsert_products,
)
from oms.events.models import Event
from oms.kernel.errors import Forbidden, Invalid

pytestmark = pytest.mark.django_db


def test_products_are_written_with_their_units_and_one_event(house):
    ids = upsert_products(
        [ProductRow("TEA", "Tea", standard_cost=Decimal("1.25"), units=(("case", 12, 1), ("gram", 1, 50)))],
        by=house.system,
    )
    assert Product.objects.get(pk=ids["TEA"]).standard_cost == Decimal("1.25")
    assert units_of([ids["TEA"]]) == {
        (ids["TEA"], "each"): (1, 1), (ids["TEA"], "case"): (12, 1), (ids["TEA"], "gram"): (1, 50),
    }  # fmt: skip
    assert Event.objects.filter(name="catalog.products_written", subjects__object_id=ids["TEA"]).count() == 1


def test_the_same_products_again_keep_their_ids_and_take_the_new_values(house):
    again = upsert_products([ProductRow("BOLT", "Bolt M8 zinc", units=(("box", 100, 1),))], by=house.system)
    upsert_products([ProductRow("BOLT", "Bolt M8 zinc", units=(("box", 200, 1),))], by=house.system)
    assert again == {"BOLT": house.bolt}
    assert Product.objects.get(pk=house.bolt).name == "Bolt M8 zinc"
    assert list(Unit.objects.filter(product_id=house.bolt).values_list("code", "num", "den")) == [("box", 200, 1)]


def test_every_wrong_row_is_named_and_nothing_is_written(house):
    rows = [
        ProductRow("TEA", "Tea"),
        ProductRow("TEA", "Tea again"),
        ProductRow("OIL", "Oil", price_unit=10),
        ProductRow("GAS", "Gas", units=(("case", 0, 1),)),
    ]
    with pytest.raises(Invalid) as refused:
        upsert_products(rows, by=house.system)
    assert [(e["row"], e["field"]) for e in refused.value.data["errors"]] == [(2, "sku"), (3, "price_unit"), (4, "units")]
    assert products_by_sku(["TEA", "OIL", "GAS"]) == {}


def test_warehouse_staff_write_no_master_data(house):
    with pytest.raises(Forbidden):
        upsert_products([ProductRow("TEA", "Tea")], by=house.wanda)
    assert not Product.objects.filter(sku="TEA").exists()


@pytest.mark.parametrize("rows", [1, 200])
def test_products_are_written_by_the_same_number_of_statements(house, rows, django_assert_num_queries):
    data = [ProductRow(f"P{n}", "Part", units=(("case", 12, 1),)) for n in range(rows)]
    # savepoint, products, units, event ids, events, release
    with django_assert_num_queries(6):
        upsert_products(data, by=house.system)


def test_a_location_in_an_unknown_zone_is_refused(house):
    calendar = StorageLocation.objects.get(pk=house.north).calendar_id
    with pytest.raises(Invalid) as refused:
        upsert_locations([LocationRow("M", "Moon", calendar, "DE", timezone="Luna/Base")], by=house.system)
    assert refused.value.data["errors"][0]["field"] == "timezone"
    assert not StorageLocation.objects.filter(code="M").exists()


def test_staff_work_exactly_where_they_are_assigned(house):
    assign_staff({house.wanda.pk: [house.south]}, by=house.system)
    assert list(LocationStaff.objects.values_list("user_id", "location_id")) == [(house.wanda.pk, house.south)]
    assert [location.code for location in staffed_locations(house.wanda)] == ["S"]


def test_warehouse_staff_see_their_locations_and_managers_all(house):
    assert [location.code for location in visible_locations(house.wanda)] == ["N"]
    assert [location.code for location in visible_locations(house.manager)] == ["N", "S"]


def test_a_search_finds_the_exact_sku_first(house):
    upsert_products([ProductRow("BOLTS", "Box of bolts"), ProductRow("X", "Spare bolt")], by=house.system)
    assert [p.sku for p in search_products("bolt")] == ["BOLT", "BOLTS", "X"]


def test_a_retired_product_is_not_offered(house):
    upsert_products([ProductRow("BOLT", "Bolt M8", status=Product.Status.RETIRED)], by=house.system)
    assert [p.sku for p in search_products("bolt")] == []
