"""Every unit of a line stands in exactly one place, and the whole equals the ledgers."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db.models import Sum
from django.utils import timezone

from customers.models import Post, Territory
from orders.entry.domain.amending import Amendment, LineChange
from orders.entry.services import amend, cancel
from orders.holds.services import place_hold
from orders.models import Order, OrderLine, ScheduleLine
from orders.returns.services import Came, Item, authorise, receive_return, request_return
from payments.bank.services import reverse_payment
from payments.models import Invoice, InvoiceLine, Payment
from reporting.facts.selectors import scope
from reporting.problems.selectors import problems
from reporting.quantities.choices import PARTS, STEPS, Dimension
from reporting.quantities.selectors import Row, Selection, comparison, lines_behind, loss_reasons, total
from tests.reporting.conftest import order, pay
from tests.world import World, make_customer, open_account

UTC = ZoneInfo("UTC")


def chosen(**more: str) -> Selection:
    return Selection(date.today() - timedelta(days=40), date.today(), "EUR", **more)


def seen(world: World, by: Dimension = Dimension.PRODUCT, exponent: int | None = None, **more: str) -> list[Row]:
    return comparison(scope(world.manager), chosen(**more), by, timezone.now(), UTC, exponent)


def parts(row: Row) -> dict[str, int]:
    return {code: row[code] for code in PARTS if row[code]}


def sums(row: Row) -> None:
    """Every gap is the sum of its parts, in units."""
    for step in STEPS:
        if step.of:
            assert row[step.of] - row[step.code] == sum(row[code] for code in step.parts), step.code


def test_each_product_shows_how_far_it_came_and_why_not_further(world: World, journey: Order) -> None:
    a, c, b = seen(world)
    assert [r.key for r in (a, c, b)] == ["A", "C", "B"]
    assert [a[s.code] for s in STEPS] == [120, 80, 50, 50, 0, 50, 50]
    assert parts(a) == {"cut": 10, "pending": 30, "allocated": 30}
    assert [b[s.code] for s in STEPS] == [5, 5, 0, 0, 0, 0, 0] and parts(b) == {"allocated": 5}
    assert [c[s.code] for s in STEPS] == [10, 0, 0, 0, 0, 0, 0] and parts(c) == {"pending": 10}
    for row in (a, b, c, total([a, b, c])):
        sums(row)


def test_in_money_each_part_is_its_units_at_the_net_price(world: World, journey: Order) -> None:
    a, c, b = seen(world, exponent=2)
    assert (a["ordered"], a["cut"], a["paid"], b["allocated"], c["pending"]) == (
        Decimal("1200.00"), Decimal("100.00"), Decimal("500.00"), Decimal("100.00"), Decimal("300.00"))


def test_the_whole_equals_the_lines_and_the_invoices(world: World, journey: Order) -> None:
    whole = total(seen(world))
    goods = OrderLine.objects.filter(kind="goods")
    for code in ("ordered", "approved", "shipped", "delivered", "invoiced"):
        assert whole[code] == goods.aggregate(s=Sum(f"quantity_{code}"))["s"], code
    value = total(seen(world, exponent=2))
    assert value["invoiced"] == InvoiceLine.objects.exclude(sku="").aggregate(s=Sum("net"))["s"] == Decimal(500)
    assert whole["unexplained_cut"] == whole["unexplained_open"] == whole["unexplained_unbilled"] == 0


@pytest.mark.parametrize(("by", "keys"), [
    (Dimension.FAMILY, {"Spanners": 120, "Hammers": 15}),
    (Dimension.CUSTOMER, {"ACME": 135}),
    (Dimension.TERRITORY, {"LYON": 135}),
    (Dimension.MONTH, {timezone.now().strftime("%Y-%m"): 135}),
])  # fmt: skip
def test_the_same_by_family_customer_region_and_month(world: World, journey: Order, by: Dimension, keys: dict[str, int]) -> None:
    assert {r.key: r["ordered"] for r in seen(world, by)} == keys


def test_cuts_carry_the_reason_who_answers_and_whether_we_could_help(world: World, journey: Order) -> None:
    (reason,) = loss_reasons(scope(world.manager), chosen(), timezone.now(), UTC, 2)
    assert (reason.code, reason.text, reason.party, reason.controllable, reason.units, reason.value) == (
        "no_stock", "No stock in time", "supplier", True, 10, Decimal("100.00"))


def test_a_cancelled_order_and_a_shortage_at_entry_are_lost_with_their_reason(world: World) -> None:
    gone = order(world, ("A", 20))
    cancel(gone.pk, "customer called", by=world.sales)
    order(world, ("B", 15), shortage_rule="cancel")
    a, b = seen(world)
    assert parts(a) == {"order_cancelled": 20} and a["approved"] == 0
    assert parts(b)["short_at_entry"] == 5 and b["ordered"] == 15
    sums(a), sums(b)


def test_a_hold_an_empty_shelf_and_a_plan_are_told_apart(world: World) -> None:
    held = order(world, ("A", 10))
    order(world, ("B", 15))
    place_hold(held.pk, "look at it", by=world.manager)
    a, b = sorted(seen(world), key=lambda r: r.key)
    assert parts(a) == {"held": 10}
    assert parts(b) == {"planned": 10, "backordered": 5}
    sums(a), sums(b)


def test_a_plan_whose_day_has_passed_is_unexplained(world: World) -> None:
    made = order(world, ("A", 10))
    ScheduleLine.objects.filter(order=made).update(ship_date=date.today() - timedelta(days=1))
    assert parts(seen(world)[0]) == {"stale": 10}


def test_what_is_owed_is_paid_overdue_or_not_due(world: World, journey: Order) -> None:
    first = Invoice.objects.get()
    reverse_payment(Payment.objects.get().pk, "bounced", by=world.finance)
    pay(world, first, Decimal("304.80"))
    a = seen(world, product="A")[0]
    assert (a["paid"], a["not_due"], a["overdue"]) == (25, 25, 0)
    later = comparison(scope(world.manager), chosen(product="A"), Dimension.PRODUCT, timezone.now() + timedelta(days=31), UTC)[0]
    assert (later["paid"], later["not_due"], later["overdue"]) == (25, 0, 25)


def test_the_row_filter_leaves_other_regions_out(world: World, journey: Order) -> None:
    south = Territory.objects.create(code="SOUTH", name="South")
    other = make_customer("ZETA", "Zeta", Post.objects.create(code="SOUTH1", name="Sales South", territory=south))
    open_account(other, Decimal(1_000))
    Order.objects.filter(pk=journey.pk).update(customer=other, ship_to=other.addresses.get())
    assert total(seen(world))["ordered"] == 40
    assert total(comparison(scope(world.finance), chosen(), Dimension.PRODUCT, timezone.now(), UTC))["ordered"] == 135
    assert comparison(scope(world.warehouse), chosen(), Dimension.PRODUCT, timezone.now(), UTC) == []


def test_a_filter_narrows_rows_and_a_region_includes_what_lies_below(world: World, journey: Order) -> None:
    assert total(seen(world, territory="NORTH"))["ordered"] == total(seen(world, territory="LYON"))["ordered"] == 135
    assert seen(world, territory="NOWHERE") == seen(world, customer="NOBODY") == []
    assert [r.key for r in seen(world, family="Hammers")] == ["C", "B"]


def test_behind_every_number_are_its_lines_and_they_sum_to_it(world: World, journey: Order) -> None:
    rows = lines_behind(scope(world.manager), chosen(), "pending", timezone.now(), UTC, 2)
    assert [(r.sku, r.units, r.value) for r in rows] == [("A", 30, Decimal("300.00")), ("C", 10, Decimal("300.00"))]
    whole = total(seen(world))
    for code in (*PARTS, *(s.code for s in STEPS)):
        found = lines_behind(scope(world.manager), chosen(), code, timezone.now(), UTC, 2)
        assert sum(r.units for r in found) == whole[code], code


def test_what_nobody_can_explain_is_a_problem_of_the_manager(world: World) -> None:
    made = order(world, ("A", 10), ("B", 4))
    ScheduleLine.objects.filter(order=made, product=world.products["A"]).update(ship_date=date.today() - timedelta(days=1))
    found = [(p.kind.code, p.number, p.amount, p.facts["quantity"]) for p in problems(world.manager) if p.kind.code.startswith("quantity.")]
    assert found == [("quantity.stale", made.number, Decimal("100.00"), 10)]
    place_hold(made.pk, "look at it", by=world.manager)
    assert [p.kind.code for p in problems(world.manager) if p.kind.code.startswith("quantity.")] == []


def test_what_the_customer_took_off_later_is_told_from_what_nobody_explained(world: World) -> None:
    made = order(world, ("A", 20))
    line = made.lines.get()
    amend(made.pk, Amendment((LineChange(line.pk, quantity=12),), reason="customer called"), by=world.sales, version=made.version)
    assert parts(seen(world)[0]) == {"taken_off": 8, "planned": 12}
    assert [p.kind.code for p in problems(world.manager) if p.kind.code == "quantity.unreasoned"] == []


def test_what_came_back_carries_the_reason_of_its_return(world: World, journey: Order) -> None:
    back = request_return("ACME", [Item("A", 6, "damaged", "credit")], by=world.sales)
    authorise(back.pk, None, by=world.approver)
    receive_return(back.pk, {back.lines.get().pk: Came(6)}, by=world.warehouse)
    assert seen(world, product="A")[0]["returned"] == 6
    found = {r.part: (r.code, r.party, r.units, r.value) for r in loss_reasons(scope(world.manager), chosen(), timezone.now(), UTC, 2)}
    assert found["returned"] == ("damaged", "carrier", 6, Decimal("60.00")) and found["cut"][2] == 10
