"""Bookings, days, shortfall: what decisions may do to availability, and what only facts may."""

from datetime import date, timedelta

import pytest
from django.db import connection

from inventory.stock.domain import ALREADY
from inventory.stock.selectors import cells_for
from inventory.stock.services import (
    Booking,
    adjust,
    allocate,
    book,
    book_by_day,
    close_receipt,
    expect_receipt,
    rebuild,
    receive,
    set_opening,
    set_safety,
    unbook,
)
from oms.events.services import command, current
from oms.kernel.errors import Conflict

pytestmark = pytest.mark.django_db
MAY, JUNE = date(2030, 5, 1), date(2030, 6, 1)


def test_a_cell_has_its_days_from_stock_and_receipts(house):
    stocked(house, 10)
    expect_receipt(house.bolt, house.north, "PO1", JUNE, 7, by=house.wanda)
    expect_receipt(house.bolt, house.north, "PO2", MAY, 5, by=house.wanda)
    connection.check_constraints()
    cell = house.cell()
    assert (cell.days, cell.free) == ([ALREADY, MAY, JUNE], [10, 15, 22])
    assert cell.layout_version == 3


def stocked(house, quantity=10, product=None):
    set_opening([(product or house.bolt, house.north, "", "", None, quantity)], by=house.system)


def stocked_with_receipt(house):
    """10 on hand, 5 more in May."""
    stocked(house)
    expect_receipt(house.bolt, house.north, "PO2", MAY, 5, by=house.wanda)


def booked_on(house, *rows, product=None):
    with command("test.book", by=house.system):
        book_by_day([(product or house.bolt, house.north, day, quantity) for day, quantity in rows])


def test_a_booking_takes_from_its_day_on(house):
    stocked_with_receipt(house)
    booked_on(house, (MAY + timedelta(days=3), 4))
    assert house.cell().free == [10, 11]


def test_giving_back_is_the_exact_inverse(house):
    stocked_with_receipt(house)
    before = house.cell().free
    booked_on(house, (ALREADY, 3), (MAY, 4))
    booked_on(house, (MAY, -4), (ALREADY, -3))
    assert house.cell().free == before


def test_what_a_later_day_needs_is_not_booked_away(house):
    stocked_with_receipt(house)
    booked_on(house, (MAY, 15))
    with pytest.raises(Conflict) as refused:
        booked_on(house, (ALREADY, 1))
    assert refused.value.code == "short"
    assert refused.value.data["rows"][0] | {"product": "BOLT", "asked": 1, "available": 0} == refused.value.data["rows"][0]
    assert house.cell().free == [10, 0]


def test_a_cell_that_does_not_exist_is_short(house):
    with pytest.raises(Conflict) as refused:
        booked_on(house, (ALREADY, 1), product=house.nut)
    assert (refused.value.code, refused.value.data["rows"][0]["product"]) == ("short", "NUT")


def read_and_book(house, *deltas):
    """Book on the cells as read now."""
    cells = cells_for([house.bolt, house.nut])
    with command("test.book", by=house.system):
        book([Booking(c.id, c.layout_version, d) for c, d in zip(cells, deltas, strict=True)])


def test_a_booking_is_one_statement_for_many_cells(house, django_assert_num_queries):
    stocked(house)
    stocked(house, product=house.nut)
    cells = cells_for([house.bolt, house.nut])
    with command("test.book", by=house.system), django_assert_num_queries(1):
        book([Booking(c.id, c.layout_version, (-2,)) for c in reversed(cells)])
    assert (house.cell().free, house.cell(house.nut).free) == ([8], [8])


def test_deltas_of_the_same_cell_are_added_up(house):
    stocked(house)
    cell = cells_for([house.bolt])[0]
    with command("test.book", by=house.system):
        book([Booking(cell.id, cell.layout_version, (-6,)), Booking(cell.id, cell.layout_version, (-4,))])
    assert house.cell().free == [0]
    with command("test.book", by=house.system):
        unbook([Booking(cell.id, cell.layout_version, (-6,))])
    assert house.cell().free == [6]


def test_one_short_cell_refuses_all_and_leaves_the_transaction_usable(house):
    stocked(house)
    stocked(house, 1, house.nut)
    with command("test.book", by=house.system):
        cells = cells_for([house.bolt, house.nut])
        with pytest.raises(Conflict) as refused:
            book([Booking(c.id, c.layout_version, (-2,)) for c in cells])
        assert [(r["product"], r["asked"], r["available"]) for r in refused.value.data["rows"]] == [("NUT", 2, 1)]
        book([Booking(cells[0].id, cells[0].layout_version, (-2,))])
    assert (house.cell().free, house.cell(house.nut).free) == ([8], [1])


def test_a_booking_on_an_old_layout_is_stale(house):
    stocked(house)
    old = cells_for([house.bolt])[0]
    expect_receipt(house.bolt, house.north, "PO1", MAY, 5, by=house.wanda)
    with pytest.raises(Conflict) as refused, command("test.book", by=house.system):
        book([Booking(old.id, old.layout_version, (-1,))])
    assert refused.value.code == "stale_availability"
    assert refused.value.data["rows"] == [
        {"availability_id": old.id, "product_id": house.bolt, "location_id": house.north}
    ]
    assert house.cell().free == [10, 15]


def test_a_booking_on_a_cell_that_is_gone_is_stale(house):
    stocked(house)
    with pytest.raises(Conflict) as refused, command("test.book", by=house.system):
        book([Booking(999_999, 1, (-1,))])
    assert refused.value.code == "stale_availability"


def test_a_receipt_that_comes_late_becomes_a_shortfall_with_its_event(house, booked):
    stocked_with_receipt(house)
    booked_on(house, (MAY, 15))
    booked.append((house.bolt, house.north, MAY, 15))
    expect_receipt(house.bolt, house.north, "PO2", JUNE, 5, by=house.wanda)
    connection.check_constraints()
    cell = house.cell()
    assert (cell.days, cell.free, cell.shortfall) == ([ALREADY, JUNE], [-5, 0], 5)
    assert cell.shortfall_event.name == "stock.expected"


def short_house(house):
    """12 booked, 10 there: 2 short, by a fact."""
    stocked(house, 12)
    booked_on(house, (ALREADY, 12))
    adjust(house.north, [(house.bolt, "", "", -2)], "breakage", by=house.wanda)


def test_a_fact_that_takes_what_was_booked_becomes_a_shortfall(house):
    short_house(house)
    connection.check_constraints()
    cell = house.cell()
    assert (cell.free, cell.shortfall, cell.shortfall_event.name) == ([-2], 2, "stock.adjusted")


def test_a_short_cell_takes_no_more_bookings(house):
    short_house(house)
    with pytest.raises(Conflict):
        booked_on(house, (ALREADY, 1))
    with pytest.raises(Conflict):
        read_and_book(house, (-1,))
    assert (house.cell().free, house.cell().shortfall) == ([-2], 2)


def test_what_is_given_back_in_a_short_cell_is_not_booked_below_zero_again(house):
    short_house(house)
    booked_on(house, (ALREADY, -2))
    assert house.cell().free == [0]
    with pytest.raises(Conflict):
        booked_on(house, (ALREADY, 1))
    with pytest.raises(Conflict):
        read_and_book(house, (-1,))
    assert house.cell().free == [0]


def test_a_booking_becomes_an_allocation_even_in_a_short_cell(house, line):
    short_house(house)
    with command("test.release", by=house.system):
        book_by_day([(house.bolt, house.north, ALREADY, -4)])
        allocate([(house.balance().pk, *line, 4)], current().event("test.released", []))
    connection.check_constraints()
    assert (house.cell().free, house.cell().shortfall, house.amounts()) == ([-2], 2, (10, 4, 0))


def test_supply_that_returns_lowers_the_shortfall(house):
    short_house(house)
    adjust(house.north, [(house.bolt, "", "", 1)], "found", by=house.wanda)
    connection.check_constraints()
    assert (house.cell().free, house.cell().shortfall) == ([-1], 1)


def test_a_receipt_lowers_the_shortfall(house, booked):
    short_house(house)
    booked.append((house.bolt, house.north, ALREADY, 12))
    receive(house.north, [(house.bolt, 5)], source="D1", by=house.wanda)
    assert (house.cell().free, house.cell().shortfall) == ([3], 0)


def test_a_rebuild_counts_balances_receipts_and_bookings(house, booked):
    stocked_with_receipt(house)
    booked += [(house.bolt, house.north, date(2030, 4, 30), 3), (house.bolt, house.north, JUNE, 4)]
    with command("test.rebuild", by=house.system):
        rebuild([(house.bolt, house.north)])
    assert (house.cell().free, house.cell().layout_version) == ([7, 8], 2)


def test_a_rebuild_without_a_fact_may_not_raise_the_shortfall(house, booked):
    stocked(house)
    booked.append((house.bolt, house.north, ALREADY, 11))
    with pytest.raises(Conflict) as refused, command("test.rebuild", by=house.system):
        rebuild([(house.bolt, house.north)])
    assert (refused.value.code, house.cell().free) == ("short", [10])


def test_safety_stock_is_kept_back_unless_it_is_promised(house, booked):
    stocked(house)
    set_safety({(house.bolt, house.north): 4}, by=house.manager)
    assert (house.cell().free, house.cell().safety) == ([6], 4)
    booked_on(house, (ALREADY, 6))
    booked.append((house.bolt, house.north, ALREADY, 6))
    with pytest.raises(Conflict):
        set_safety({(house.bolt, house.north): 5}, by=house.manager)
    assert (house.cell().free, house.cell().safety) == ([0], 4)


def test_a_closed_receipt_leaves_availability(house):
    stocked_with_receipt(house)
    receipt = expect_receipt(house.bolt, house.north, "PO2", MAY, 5, by=house.wanda)
    close_receipt(receipt, "supplier out of business", by=house.wanda)
    close_receipt(receipt, "again", by=house.wanda)
    assert (house.cell().days, house.cell().free) == ([ALREADY], [10])
    with pytest.raises(Conflict) as refused:
        expect_receipt(house.bolt, house.north, "PO2", JUNE, 5, by=house.wanda)
    assert refused.value.code == "receipt_closed"


def test_the_same_expected_receipt_again_changes_nothing(house):
    stocked_with_receipt(house)
    version = house.cell().layout_version
    expect_receipt(house.bolt, house.north, "PO2", MAY, 5, by=house.wanda)
    assert (house.cell().layout_version, house.cell().free) == (version, [10, 15])
