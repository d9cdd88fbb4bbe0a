"""Stock's pages: what each role sees, and that a form posts once."""

import uuid
from datetime import date

import pytest
from django.urls import reverse

from inventory.catalog.models import Product
from inventory.stock.models import Movement
from inventory.stock.services import expect_receipt, receive, set_opening
from oms.access.services import create_user
from oms.changes.models import ChangeRequest

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf(house):
    set_opening([(house.bolt, house.north, "A1", "", None, 1_250), (house.nut, house.south, "", "", None, 4)], by=house.system)
    expect_receipt(house.bolt, house.north, "PO77", date(2030, 5, 1), 30, by=house.wanda)
    return house


def signed_in(client, user):
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def text(response, status=200):
    assert response.status_code == status, response.content.decode()[:2_000]
    return response.content.decode()


def test_the_warehouse_sees_its_own_stock_and_can_post(client, shelf):
    page = text(signed_in(client, shelf.wanda).get(reverse("inventory:stock-list")))
    assert "BOLT" in page and "1,250" in page and "NUT" not in page
    assert reverse("inventory:receive") in page


def test_sales_see_what_is_free_everywhere_and_no_ledger(client, shelf):
    sam = create_user("sam", by=shelf.system, roles=["sales"])
    page = text(signed_in(client, sam).get(reverse("inventory:stock-list")))
    assert "BOLT" in page and "NUT" in page and reverse("inventory:adjust") not in page
    card = text(client.get(reverse("inventory:stock-card", args=["BOLT"])))
    assert "1,280" in card and "A1" not in card


@pytest.mark.parametrize("role", ["finance", "partner", "administrator"])
def test_others_see_no_stock(client, shelf, role):
    person = create_user("pat", by=shelf.system, roles=[role])
    assert signed_in(client, person).get(reverse("inventory:stock-list")).status_code == 403


def test_nobody_sees_anything_without_signing_in(client, shelf):
    assert client.get(reverse("inventory:stock-list")).status_code == 302


def test_the_list_is_narrowed_by_words_location_and_state(client, shelf):
    signed_in(client, shelf.manager)
    for query, seen, unseen in (("q=bo", "BOLT", "NUT"), ("location=S", "NUT", "BOLT"), ("low=yes", "No stock here", "BOLT")):
        page = text(client.get(f"{reverse('inventory:stock-list')}?{query}"))
        table = page.split("data-table=")[-1].split("</table>")[0]
        assert seen in table and unseen not in table, query


@pytest.mark.parametrize("rows", [1, 30])
def test_the_list_takes_the_same_number_of_statements(client, shelf, rows, django_assert_max_num_queries):
    set_opening([(shelf.bolt, shelf.north, f"B{n}", "", None, 1) for n in range(rows)], by=shelf.system)
    signed_in(client, shelf.manager)
    with django_assert_max_num_queries(8):
        text(client.get(reverse("inventory:stock-list")))


def test_the_card_shows_places_days_and_movements(client, shelf):
    page = text(signed_in(client, shelf.wanda).get(reverse("inventory:stock-card", args=["BOLT"])))
    assert "A1" in page and "1,280" in page and "Receipt" in page and "+1,250" in page


def test_a_card_of_a_product_elsewhere_is_not_found(client, shelf):
    assert signed_in(client, shelf.wanda).get(reverse("inventory:stock-card", args=["NUT"])).status_code == 404


def test_the_card_is_exported(client, shelf):
    answer = signed_in(client, shelf.wanda).get(reverse("inventory:stock-card", args=["BOLT"]) + "?export=csv")
    assert answer.status_code == 200
    assert b"1250" in b"".join(answer.streaming_content)


def received(shelf, **changes):
    return {
        "idempotency_key": str(uuid.uuid4()), "location": "N", "product": "BOLT", "quantity": "30", "bin": "A1", "lot": "",
        "expires_on": "", "receipt": "", **changes,
    }  # fmt: skip


def test_goods_are_received_against_what_was_expected_once(client, shelf):
    signed_in(client, shelf.wanda)
    receipt = shelf.cell().product.receipts.get()
    page = text(client.get(f"{reverse('inventory:receive')}?receipt={receipt.pk}"))
    assert 'value="30"' in page and "PO77" in page
    data = received(shelf, receipt=str(receipt.pk))
    for _n in range(2):
        assert client.post(reverse("inventory:receive"), data).status_code == 302
        data["receipt"] = ""
    receipt.refresh_from_db()
    assert (receipt.received, receipt.status) == (30, "closed")
    assert (shelf.amounts(bin="A1"), shelf.cell().free) == ((1_280, 0, 0), [1_280])


def test_a_lot_is_asked_for_where_lots_are_kept(client, shelf):
    signed_in(client, shelf.wanda)
    page = text(client.post(reverse("inventory:receive"), received(shelf, product="MILK")), 400)
    assert "MILK is kept by lot" in page
    assert not Movement.objects.filter(product_id=shelf.milk).exists()


def test_nothing_is_received_at_somebody_elses_location(client, shelf):
    signed_in(client, shelf.wanda)
    text(client.post(reverse("inventory:receive"), received(shelf, location="S")), 400)
    assert Movement.objects.filter(location_id=shelf.south).count() == 1


def test_managers_do_not_post(client, shelf):
    signed_in(client, shelf.manager)
    for name in ("receive", "adjust"):
        assert client.get(reverse(f"inventory:{name}")).status_code == 403


def test_stock_is_adjusted_with_a_reason(client, shelf):
    signed_in(client, shelf.wanda)
    data = {"idempotency_key": str(uuid.uuid4()), "location": "N", "product": "BOLT", "bin": "A1", "lot": "",
            "delta": "-50", "reason": "breakage"}  # fmt: skip
    for _n in range(2):
        answer = client.post(reverse("inventory:adjust"), data)
        assert answer.headers["Location"] == reverse("inventory:stock-card", args=["BOLT"])
    assert shelf.amounts(bin="A1") == (1_200, 0, 0)
    assert Movement.objects.latest("pk").reason == "breakage"


def test_what_is_worth_more_than_the_limit_is_proposed(client, shelf):
    Product.objects.update(standard_cost=30)
    signed_in(client, shelf.wanda)
    data = {"idempotency_key": str(uuid.uuid4()), "location": "N", "product": "BOLT", "bin": "A1", "lot": "",
            "delta": "-50", "reason": "breakage", "note": "fell from the truck"}  # fmt: skip
    page = text(client.post(reverse("inventory:adjust"), data, follow=True))
    assert "It is worth 1,500.00: proposed" in page
    assert shelf.amounts(bin="A1") == (1_250, 0, 0)
    assert ChangeRequest.objects.get().reason == "fell from the truck"


def test_products_are_offered_while_typing(client, shelf):
    page = text(signed_in(client, shelf.wanda).get(reverse("inventory:product-options") + "?q=nu"))
    assert "NUT" in page and "BOLT" not in page


def test_the_admin_shows_stock_and_changes_none(client, shelf):
    boss = create_user("boss", by=shelf.system, roles=["administrator"], is_staff=True)
    receive(shelf.north, [(shelf.bolt, 1)], source="D1", by=shelf.wanda)
    signed_in(client, boss)
    for model in ("balance", "movement", "availability", "expectedreceipt", "product", "storagelocation"):
        assert "admin" in text(client.get(reverse(f"admin:inventory_{model}_changelist")))
    movement = Movement.objects.latest("pk")
    assert client.post(reverse("admin:inventory_movement_change", args=[movement.pk]), {"quantity": 5}).status_code == 403
    assert client.get(reverse("admin:inventory_movement_add")).status_code == 403
