"""How it went: deliveries against the first promise, days late by amount, what came back, quotas, who changed which field."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.urls import reverse

from customers.models import Customer, Post
from customers.parties.services import CUSTOMER_FIELDS, CustomerRow, assign_customers, upsert_customers
from oms.access.services import create_user
from orders.fulfilment.services import deliver, release, ship
from orders.holds.services import QuotaRow, set_quotas
from orders.models import Order, Shipment
from payments.credit.services import block_account, confirm_terms, lower_limit, propose_terms
from reporting.customer_form.domain import Change, changed_fields
from reporting.customer_form.selectors import record
from reporting.facts.selectors import scope
from tests.reporting.conftest import days_ago, order, pay
from tests.reporting.facts.test_credits import bring_back, credit, sold
from tests.reporting.facts.test_services import count
from tests.world import World

TODAY = date.today()
URL = "reporting:customer-form"


def test_deliveries_say_whether_the_first_promise_was_kept(world: World) -> None:
    made = order(world, ("A", 20), at=days_ago(20))
    (shipment,) = release([made.pk], by=world.manager, at=days_ago(19))
    ship(shipment, by=world.warehouse, at=days_ago(19))
    promised = made.lines.get().promises.get(kind="first").delivery_date
    deliver(shipment, promised + timedelta(days=3), "signature", by=world.warehouse)
    _order, second, _invoice = sold(world, 10)
    late, kept = (next(d for d in record(world.customer.pk, TODAY).deliveries if d.number == Shipment.objects.get(pk=pk).number) for pk in (shipment, second))
    assert (late.late, late.kept, late.units, late.promised) == (3, False, 20, promised)
    assert kept.late is not None and kept.late <= 0 and kept.kept is True


def test_days_late_are_weighted_by_the_amount_and_only_of_settled_invoices(world: World, django_assert_num_queries: Any) -> None:
    Customer.objects.update(terms_days=2)
    invoices = [sold(world, quantity, days=20)[2] for quantity in (10, 30)]
    open_one = sold(world, 5, days=20)[2]
    due = invoices[0].due_date
    pay(world, invoices[0], Decimal("120.00"), day=due + timedelta(days=8))
    pay(world, invoices[1], Decimal("360.00"), day=due - timedelta(days=1))
    pay(world, open_one, Decimal("1.00"))
    with django_assert_num_queries(1):
        found = record(world.customer.pk, TODAY).paying
    assert (found.count, found.days, found.in_time, found.worst) == (2, round((8 * 120 - 1 * 360) / 480), 1, 8)


def test_a_cancelled_or_credited_invoice_says_nothing_about_paying(world: World) -> None:
    invoice = sold(world, 10)[2]
    credit(world, invoice, str(invoice.total))
    assert (record(world.customer.pk, TODAY).paying.count, record(world.customer.pk, TODAY).paying.days) == (0, None)


def test_what_came_back_by_reason_and_what_is_under_way(world: World) -> None:
    sold(world, 10)
    bring_back(world, 4)
    found = record(world.customer.pk, TODAY)
    assert [(r["text"], r["party"], r["controllable"], r["units"], r["returns"]) for r in found.reasons] == [("Damaged on the way", "carrier", True, 4, 1)]
    assert found.returns == []


def test_quotas_of_the_customer_its_post_and_its_region_that_hold_today(world: World) -> None:
    first, last = TODAY - timedelta(days=5), TODAY + timedelta(days=25)
    product, me, north = world.products, world.customer.pk, world.post.territory.parent_id
    before = (first - timedelta(days=90), first - timedelta(days=60), 1)
    set_quotas([QuotaRow(None, "Hammers", me, "", None, None, first, last, 10), QuotaRow(product["A"].pk, "", None, "", None, north, first, last, 50),
                QuotaRow(product["B"].pk, "", me, "", None, None, *before)], by=world.manager)  # fmt: skip
    order(world, ("B", 10), requested_date=TODAY + timedelta(days=3))
    found = record(world.customer.pk, TODAY).quotas
    assert [(q["what"], q["whom"], q["used"], q["maximum"]) for q in found] == [("Hammers", "", 10, 10), ("Adjustable spanner", "North", 0, 50)]


def test_who_changed_which_field_from_what_to_what_and_why(world: World) -> None:
    finance2 = create_user("fred", by=world.system, roles=["finance"], first_name="Fred")
    row = CustomerRow("ACME", {f: getattr(world.customer, f) for f in CUSTOMER_FIELDS} | {"terms_days": 14, "name": "Acme & Sons"})
    upsert_customers([row], by=world.system)
    second = Post.objects.create(code="LYON2", name="Sales Lyon 2", territory=world.post.territory)
    assign_customers([world.customer.pk], second.pk, "closer to them", by=world.manager)
    proposal = propose_terms(world.account.pk, Decimal(20_000), None, "good payer", by=world.finance)
    confirm_terms(proposal, by=finance2)
    lower_limit(world.account.pk, Decimal(5_000), "slow of late", by=world.finance)
    block_account(world.account.pk, "bounced", by=world.finance)
    found = [(c.change, c.who, c.why) for c in record(world.customer.pk, TODAY).changes]
    assert found == [
        (Change("blocked", False, True), "Finance", "bounced"),
        (Change("limit", "20000.000", "5000"), "Finance", "slow of late"),
        (Change("limit", "10000.000", "20000"), "Fred", ""),
        (Change("post_id", world.post.pk, second.pk), "Manager", "closer to them"),
        (Change("name", None, None), "System", ""),
        (Change("terms_days", 30, 14), "System", ""),
    ]


def test_an_event_without_values_still_names_the_field() -> None:
    assert changed_fields("master.changed", {"fields": ["Timing"]}) == [Change("Timing", None, None)]
    assert changed_fields("credit.rules_changed", {"before": "9", "limit": "5", "cut": True, "max_days_overdue": 3}) == [
        Change("limit", "9", "5"), Change("blocked", False, True), Change("max_days_overdue", None, 3)]  # fmt: skip
    assert changed_fields("credit.terms_confirmed", {"before": "5", "limit": "5", "unblocked": True}) == [Change("blocked", True, False)]


def test_the_page_says_first_what_a_manager_must_know(world: World, as_: Any, journey: Order, django_assert_max_num_queries: Any) -> None:
    Customer.objects.update(terms_days=2)
    sold(world, 10, days=20)
    block_account(world.account.pk, "bounced", by=world.finance)
    count(world)
    client = as_("manager")
    client.get(reverse(URL, args=["ACME"]))
    with django_assert_max_num_queries(11):
        page = client.get(reverse(URL, args=["ACME"])).content.decode()
    assert "The account is blocked" in page and "overdue, the oldest for 18 days" in page and "Account blocked: no → yes" in page
    assert page.index("The account is blocked") < page.index("Open orders") and "kept" in page
    assert scope(world.manager).posts
