"""Messages come to orders once, or wait whole with their reasons; people clear them and they go on."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError

from inventory.models import Product
from oms.events.tasks import drain_all
from oms.kernel.errors import Conflict, Forbidden, Invalid
from orders.approval.services import Decision, decide
from orders.channels.selectors import sentence
from orders.channels.services import (
    connect,
    correct,
    discard,
    enter,
    map_reference,
    receive,
    replay,
    waive,
)
from orders.models import CrossReference, Hold, Message, Order, OrderLine, Reply, TradingPartner, Transmission
from tests.orders.channels import samples
from tests.world import World

pytestmark = pytest.mark.django_db


def partner(world: World, form: str, **values: Any) -> TradingPartner:
    """A partner whose orders are ACME's unless said otherwise."""
    return connect(f"acme-{form}", f"Acme {form}", form, by=world.system, **({"customer": world.customer} | values))


def send(world: World, who: TradingPartner, text: str | bytes, topic: str = "") -> list[Message]:
    """Received and processed, as the worker does it."""
    data = text if isinstance(text, bytes) else text.encode("latin-1")
    made = receive(who, data, "api", by=world.system, topic=topic)
    for message in Message.objects.filter(transmission_id=made.transmission, state="new").order_by("position"):
        enter(message.pk, by=world.system)
    return list(Message.objects.filter(transmission_id=made.transmission).order_by("position"))


def again(message: Message, world: World) -> Message:
    """Processed again after a repair."""
    enter(message.pk, by=world.system)
    message.refresh_from_db()
    return message


def codes(message: Message) -> list[str]:
    return [f["code"] for f in message.findings]


def lines(order: Order | None) -> list[tuple[str, int, Decimal]]:
    assert order is not None
    return [(x.product.sku if x.product else "", x.quantity_ordered, x.unit_price) for x in order.lines.select_related("product").order_by("position")]


@pytest.fixture
def edi(world: World) -> TradingPartner:
    """An X12 partner whose store is cross-referenced."""
    made = partner(world, "x12")
    CrossReference.objects.create(partner=made, kind="address", code="STORE-9", address=world.customer.addresses.get())
    return made


def test_an_850_becomes_an_order_by_the_entry_everybody_uses(world: World, edi: TradingPartner) -> None:
    (message,) = send(world, edi, samples.x12())
    assert message.state == "entered", [sentence(f) for f in message.findings]
    order = message.order
    assert order is not None
    assert (order.channel, order.external_id, order.customer_po, order.entered_by) == ("edi", "PO-77", "PO-77", edi.actor)
    assert lines(order) == [("A", 4, Decimal(10)), ("B", 10, Decimal(20))]
    assert bytes(order.raw_payload.body).startswith(b"ISA*00*")
    assert not Hold.objects.filter(order=order, kind="price").exists()


def test_another_amount_than_ours_holds_the_order_with_the_difference(world: World, edi: TradingPartner) -> None:
    (message,) = send(world, edi, samples.x12(lines="PO1*1*4*EA*9.50**VN*A~", ctt="CTT*1*4~"))
    hold = Hold.objects.get(order=message.order)
    assert (hold.kind, hold.code, hold.amount, hold.released_at) == ("price", "expected_amount", Decimal("2.00"), None)
    assert "38.00" in hold.reason and "40.00" in hold.reason
    assert message.order is not None and message.order.status == "submitted" and message.order.net == 40


def test_the_same_file_and_the_same_order_come_once(world: World, edi: TradingPartner) -> None:
    (first,) = send(world, edi, samples.x12())
    assert receive(edi, samples.x12().encode(), "folder", by=world.system).again
    (second,) = send(world, edi, samples.x12(control="000000056"))
    assert (second.state, second.order) == ("duplicate", first.order)
    assert Order.objects.count() == 1 and Transmission.objects.count() == 2


def test_the_same_number_with_other_content_waits_and_says_what_differs(world: World, edi: TradingPartner) -> None:
    (first,) = send(world, edi, samples.x12())
    (second,) = send(world, edi, samples.x12(control="000000056", lines="PO1*1*9*EA*10**VN*A~PO1*2*2*CA*100**VN*B~", ctt="CTT*2*11~"))
    assert (second.state, codes(second), second.order) == ("quarantined", ["changed_duplicate"], None)
    assert "1: 4 → 9" in sentence(second.findings[0])
    assert lines(first.order)[0][1] == 4


def test_killed_between_order_and_message_it_is_settled_by_the_next_run(world: World, edi: TradingPartner, monkeypatch: Any) -> None:
    from orders.channels.services import entering

    made = receive(edi, samples.x12().encode(), "api", by=world.system)
    message = Message.objects.get(transmission_id=made.transmission)

    def killed(*args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(entering, "settle", killed)
        with pytest.raises(KeyboardInterrupt):
            enter(message.pk, by=world.system)
    assert Order.objects.count() == 1
    assert again(message, world).state == "entered" and message.order == Order.objects.get()


def test_a_database_that_was_away_is_no_fault_of_the_message(world: World, edi: TradingPartner, monkeypatch: Any) -> None:
    from orders.channels.services import entering

    made = receive(edi, samples.x12().encode(), "api", by=world.system)
    message = Message.objects.get(transmission_id=made.transmission)

    def away(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("the connection is lost")

    with monkeypatch.context() as patch:
        patch.setattr(entering, "process", away)
        with pytest.raises(OperationalError):
            enter(message.pk, by=world.system)
    assert Message.objects.get(pk=message.pk).state == "new"
    assert again(message, world).state == "entered"


@pytest.mark.parametrize(
    ("broken", "code", "acknowledged"),
    [
        ({"se": "99"}, "wrong_count", "AK5*R*4"),
        ({"se_control": "0009"}, "control_mismatch", "AK5*R*3"),
        ({"ge": "2"}, "wrong_count", "AK9*R*1*1*0*5"),
        ({"iea": "000000001"}, "control_mismatch", "TA1*000000055*260105*0936*R*001"),
        ({"ctt": "CTT*3*6~"}, "line_count", "AK5*A"),
        ({"ctt": "CTT*2*7~"}, "quantity_sum", "AK5*A"),
        ({"ctt": "CTT*2*6~AMT*TT*250~"}, "net_total", "AK5*A"),
        ({"test": "T"}, "test", "AK5*A"),
        ({"lines": "PO1*1*x*EA*10**VN*A~", "ctt": "CTT*1~"}, "bad_number", "AK4*2**6*x"),
        ({"lines": "PO1*1*1*EA*10**VN*NOPE~", "ctt": "CTT*1~"}, "unknown_product", "AK5*A"),
        ({"lines": "PO1*1*1*XX*10**VN*A~", "ctt": "CTT*1~"}, "unknown_unit", "AK5*A"),
        ({"extra": "CUR*BY*USD~"}, "currency", "AK5*A"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_850_holds_it_and_is_acknowledged(
    world: World, edi: TradingPartner, broken: dict[str, str], code: str, acknowledged: str
) -> None:
    (message,) = send(world, edi, samples.x12(**broken))
    assert message.state == "quarantined" and code in codes(message), [sentence(f) for f in message.findings]
    assert Order.objects.count() == 0
    replies = b"".join(bytes(r.body) for r in Reply.objects.all()).decode()
    assert acknowledged in replies


def test_two_sets_in_two_interchanges_go_their_own_ways(world: World, edi: TradingPartner) -> None:
    good, bad = samples.x12(number="PO-1"), samples.x12(number="PO-2", se="3", control="000000056")
    messages = send(world, edi, f"\ufeff{good}\r\n{bad}\n\n".encode())
    assert [(m.external_id, m.state) for m in messages] == [("PO-1", "entered"), ("PO-2", "quarantined")]
    assert sorted(Reply.objects.values_list("kind", flat=True)) == ["855", "997", "997"]


def test_an_unknown_code_is_mapped_on_the_page_and_all_messages_to_come_know_it(world: World) -> None:
    who = partner(world, "x12", customer=None)
    (message,) = send(world, who, samples.x12(lines="PO1*1*4*EA*10**BP*4711~", ctt="CTT*1~"))
    assert codes(message) == ["unknown_customer", "unknown_product"]
    map_reference(message.pk, "customer", "ACME-1", "ACME", by=world.manager)
    assert codes(again(message, world)) == ["unknown_address", "unknown_product"]
    map_reference(message.pk, "address", "STORE-9", "ACME/MAIN", by=world.manager)
    assert codes(again(message, world)) == ["unknown_product"]
    with pytest.raises(Invalid) as refused:
        map_reference(message.pk, "product", "4711", "NOPE", by=world.manager)
    assert refused.value.code == "target_missing"
    map_reference(message.pk, "product", "4711", "A", by=world.manager)
    assert again(message, world).state == "entered"
    (next_one,) = send(world, who, samples.x12(number="PO-90", lines="PO1*1*1*EA*10**BP*4711~", ctt="CTT*1~"))
    assert next_one.state == "entered"


def test_a_buyers_code_is_never_taken_for_our_sku(world: World, edi: TradingPartner) -> None:
    (message,) = send(world, edi, samples.x12(lines="PO1*1*1*EA*10**BP*A~", ctt="CTT*1~"))
    assert codes(message) == ["unknown_product"]


def test_codes_that_disagree_are_told(world: World, edi: TradingPartner) -> None:
    Product.objects.filter(sku="B").update(gtin="4006381333931")
    (message,) = send(world, edi, samples.x12(lines="PO1*1*1*EA*10**VN*A*UP*4006381333931~", ctt="CTT*1~"))
    assert codes(message) == ["product_conflict"]


def test_a_correction_stands_beside_what_arrived(world: World, edi: TradingPartner) -> None:
    (message,) = send(world, edi, samples.x12(lines="PO1*1*x*EA*10**VN*A~", ctt="CTT*1~"))
    with pytest.raises(Invalid) as refused:
        correct(message.pk, {"lines.0.quantity": "many"}, "asked them", by=world.manager)
    assert refused.value.code == "correction"
    with pytest.raises(Invalid):
        correct(message.pk, {"lines.0.quantity": "3"}, " ", by=world.manager)
    correct(message.pk, {"lines.0.quantity": "3"}, "asked them", by=world.manager)
    message = again(message, world)
    assert message.state == "entered" and lines(message.order) == [("A", 3, Decimal(10))]
    assert message.content["lines"][0]["quantity"] == "0" and b"PO1*1*x*EA" in bytes(message.transmission.body)


def test_a_contradiction_is_taken_as_it_is_with_a_reason_and_the_difference_holds_the_order(world: World, edi: TradingPartner) -> None:
    (message,) = send(world, edi, samples.x12(ctt="CTT*2*6~AMT*TT*250~"))
    with pytest.raises(Forbidden):
        waive(message.pk, ["net_total"], "they say so", by=world.finance)
    waive(message.pk, ["net_total"], "they say so", by=world.manager)
    message = again(message, world)
    assert message.state == "entered"
    assert Hold.objects.get(order=message.order).amount == Decimal(10)


def test_what_can_not_be_meant_is_not_taken_as_it_is(world: World, edi: TradingPartner) -> None:
    (message,) = send(world, edi, samples.x12(lines="PO1*1*1*EA*10**VN*NOPE~", ctt="CTT*1~"))
    with pytest.raises(Invalid) as refused:
        waive(message.pk, ["unknown_product"], "why not", by=world.manager)
    assert refused.value.code == "not_waivable"


def test_a_discarded_message_stays_kept_with_its_reason(world: World, edi: TradingPartner) -> None:
    (message,) = send(world, edi, samples.x12(se="99"))
    with pytest.raises(Forbidden):
        discard(message.pk, "spam", by=world.sales)
    discard(message.pk, "sent by mistake", by=world.manager)
    message.refresh_from_db()
    assert (message.state, message.note) == ("discarded", "sent by mistake")
    with pytest.raises(Conflict):
        replay(message.pk, by=world.manager)


@pytest.mark.parametrize("form", ["x12", "edifact", "ubl", "csv", "shopify", "woocommerce"])
@pytest.mark.parametrize("junk", [b"\x00\x01\xff\xfe" * 40, b"ISA*00*", b"UNB+UNOA:3+", b"<a>", b"{", b"order,sku\n1,2", "Übung".encode("latin-1")])
def test_junk_is_kept_and_says_why_nothing_came_of_it(world: World, form: str, junk: bytes) -> None:
    (message,) = send(world, partner(world, form), junk)
    assert message.state == "quarantined" and message.findings and bytes(message.transmission.body) == junk
    assert all(sentence(f) != f["code"] for f in message.findings)
    with pytest.raises(Conflict):
        replay(message.pk, by=world.manager)


def test_what_is_empty_or_too_large_is_refused_and_not_kept(world: World, edi: TradingPartner) -> None:
    with pytest.raises(Invalid) as refused:
        receive(edi, b" \r\n", "api", by=world.system)
    assert refused.value.code == "empty"
    with pytest.raises(Invalid) as refused:
        receive(edi, b"x" * (20 * 1024 * 1024 + 1), "api", by=world.system)
    assert refused.value.code == "too_large"
    assert Transmission.objects.count() == 0


def test_an_855_says_what_was_decided(world: World, edi: TradingPartner) -> None:
    (message,) = send(world, edi, samples.x12(lines="PO1*1*60*EA*10**VN*A~", ctt="CTT*1*60~"))
    order = message.order
    assert order is not None and order.status == "submitted"
    assert list(Reply.objects.values_list("kind", flat=True)) == ["997"]
    decide(order.pk, {order.lines.get().pk: Decision(50, 10, "no_stock")}, by=world.approver)
    drain_all()
    text = bytes(Reply.objects.get(kind="855").body).decode()
    assert f"BAK*00*AC*PO-77*20260105****{order.number}*" in text
    assert "PO1*1*60*EA*10**VN*A~" in text and "ACK*IR*10*EA~" in text and "CTT*1~" in text
    drain_all()
    assert Reply.objects.filter(kind="855").count() == 1


def test_an_orders_message_of_96a_and_its_ordrsp(world: World) -> None:
    Product.objects.filter(sku="A").update(gtin="04006381333931")
    who = partner(world, "edifact")
    CrossReference.objects.create(partner=who, kind="address", code="4012345000016", address=world.customer.addresses.get())
    (message,) = send(world, who, samples.edifact(head="FTX+AAI+++D?'accord, 5?+5 pi\xe8ces'"))
    assert message.state == "entered", [sentence(f) for f in message.findings]
    assert lines(message.order) == [("A", 4, Decimal(10)), ("B", 10, Decimal(20))]
    assert message.order is not None and message.order.notes == "D'accord, 5+5 pièces"
    drain_all()
    text = bytes(Reply.objects.get(kind="ORDRSP").body).decode("latin-1")
    assert "UNB+UNOC:3+4098765000008:14+4012345000009:14+" in text and "UNH+1+ORDRSP:D:96A:UN'" in text
    assert f"BGM+231+{message.order.number}+29'" in text and "RFF+ON:PO-78'" in text and "LIN+1+5+4006381333931:EN'" in text and "QTY+113:4:PCE'" in text


@pytest.mark.parametrize(
    ("broken", "code", "control"),
    [
        ({"unt": "3"}, "wrong_count", "UCM+1+ORDERS:D:96A:UN:EAN008+4+29"),
        ({"unz": "2"}, "wrong_count", "+4+29'"),
        ({"unz_reference": "R2"}, "control_mismatch", "+4+28'"),
        ({"summary": "UNS+S'MOA+79:241'"}, "lines_total", ""),
        ({"summary": "UNS+S'CNT+2:3'"}, "line_count", ""),
        ({"function": "77"}, "purpose", "+4+12"),
        ({"lines": "LIN+1++X:SA'QTY+21:4'MOA+203:50'PRI+AAA:10'", "summary": "UNS+S'"}, "line_sum", ""),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_orders_holds_it(world: World, broken: dict[str, str], code: str, control: str) -> None:
    (message,) = send(world, partner(world, "edifact"), samples.edifact(**broken))
    assert message.state == "quarantined" and code in codes(message), [sentence(f) for f in message.findings]
    replies = "".join(bytes(r.body).decode("latin-1") for r in Reply.objects.all())
    assert control in replies and bool(replies) == bool(control)


def test_a_peppol_order_is_received_then_accepted(world: World) -> None:
    who = partner(world, "ubl")
    big = samples.ubl_line("1", "A", "60", "C62", "10")
    totals = (
        '<cac:AnticipatedMonetaryTotal><cbc:LineExtensionAmount currencyID="EUR">600</cbc:LineExtensionAmount>'
        '<cbc:PayableAmount currencyID="EUR">648</cbc:PayableAmount></cac:AnticipatedMonetaryTotal>'
    )
    (message,) = send(world, who, samples.ubl(lines=big, totals=totals))
    assert message.state == "entered", [sentence(f) for f in message.findings]
    assert "<cbc:OrderResponseCode>AB<" in bytes(Reply.objects.get().body).decode()
    order = Order.objects.get()
    assert Hold.objects.get(order=order, kind="price").amount == Decimal(72)  # they reckon with 8 % tax


def test_a_peppol_order_of_our_prices_is_approved_and_answered(world: World) -> None:
    (message,) = send(world, partner(world, "ubl"), samples.ubl())
    assert message.state == "entered" and message.order is not None and message.order.status == "approved"
    drain_all()
    assert "<cbc:OrderResponseCode>AP<" in bytes(Reply.objects.get().body).decode()


def test_a_peppol_change_and_cancellation_move_the_order(world: World) -> None:
    who = partner(world, "ubl")
    (message,) = send(world, who, samples.ubl())
    reference = "<cac:OrderReference><cbc:ID>PO-79</cbc:ID></cac:OrderReference>"
    less = samples.ubl_line("1", "A", "3", "C62", "10") + samples.ubl_line("2", "B", "2", "XCS", "100", extra="<cbc:LineStatusCode>2</cbc:LineStatusCode>")
    none = "<cac:AnticipatedMonetaryTotal/>"
    (change,) = send(world, who, samples.ubl(number="C-1", root="OrderChange", head=reference, lines=less, totals=none))
    assert change.state == "entered", [sentence(f) for f in change.findings]
    standing = [x.quantity_ordered - x.quantity_cancelled for x in OrderLine.objects.filter(order=message.order).order_by("position")]
    assert standing == [3, 0]
    (stop,) = send(world, who, samples.ubl(number="C-2", root="OrderCancellation", head=reference + "<cbc:CancellationNote>Sorry</cbc:CancellationNote>"))
    assert stop.state == "entered" and Order.objects.get().status == "cancelled"
    (other,) = send(world, who, samples.ubl(number="C-3", root="OrderCancellation", head=reference.replace("79", "80")))
    assert codes(other) == ["unknown_order"]


def shop(world: World, form: str = "shopify") -> TradingPartner:
    return partner(world, form, prices="theirs", places="created", secret="s3cret")


def test_a_shopify_order_comes_at_the_shops_prices_to_the_buyers_address(world: World) -> None:
    (message,) = send(world, shop(world), samples.body(samples.shopify()), "orders/create")
    assert message.state == "entered", [sentence(f) for f in message.findings]
    order = message.order
    assert order is not None
    assert lines(order) == [("A", 2, Decimal(10)), ("B", 1, Decimal(18)), ("", 1, Decimal(5))]
    assert (order.channel, order.total, order.customer_po) == ("shop", Decimal("51.60"), "#1001")
    assert (order.ship_to.street, order.ship_to.transit_zone) == ("3 rue Neuve", "FR")
    assert not Hold.objects.filter(order=order, kind="price").exists()


def test_a_shopify_order_that_does_not_add_up_waits_with_the_difference(world: World, shared_data: Any) -> None:
    (message,) = send(world, shop(world), (shared_data / "messages/shopify_order.json").read_bytes(), "orders/create")
    finding = next(f for f in message.findings if f["code"] == "lines_total")
    assert (finding["facts"]["computed"], finding["facts"]["stated"], finding["facts"]["difference"]) == ("597.00", "398.00", "199.00")
    assert Order.objects.count() == 0


def test_prices_with_tax_inside_are_made_net(world: World) -> None:
    items = [{"id": 11, "sku": "A", "title": "Spanner", "quantity": 3, "price": "12.00", "tax_lines": [{"price": "6.00"}], "discount_allocations": []}]
    sums = {"total_line_items_price": "36.00", "total_discounts": "0.00", "total_tax": "6.00", "total_price": "36.00", "shipping_lines": []}
    (message,) = send(world, shop(world), samples.body(samples.shopify(taxes_included=True, line_items=items, **sums)), "orders/create")
    assert message.state == "entered" and message.order is not None
    assert (message.order.net, message.order.total) == (Decimal(30), Decimal(36))


def test_a_shops_updates_change_the_order_whatever_order_they_come_in(world: World) -> None:
    who = shop(world)
    refund = [{"refund_line_items": [{"line_item_id": 11, "quantity": 1, "restock_type": "cancel"}]}]
    later = samples.shopify(updated_at="2026-01-05T12:00:00+01:00", refunds=refund, current_total_price="39.60")
    (update,) = send(world, who, samples.body(later), "orders/updated")
    assert update.state == "entered" and lines(update.order)[0][:2] == ("A", 1)
    (create,) = send(world, who, samples.body(samples.shopify()), "orders/create")
    assert (create.state, create.order) == ("noted", update.order)
    more = samples.shopify(updated_at="2026-01-05T13:00:00+01:00")
    (third,) = send(world, who, samples.body(more), "orders/updated")
    assert third.state == "entered", [sentence(f) for f in third.findings]
    assert sum(x.quantity_ordered for x in OrderLine.objects.filter(order=update.order, product__sku="A")) == 2


def test_a_cancelled_shop_order_is_cancelled_once(world: World) -> None:
    who = shop(world)
    (message,) = send(world, who, samples.body(samples.shopify()), "orders/create")
    gone = samples.shopify(updated_at="2026-01-06T12:00:00+01:00", cancelled_at="2026-01-06T12:00:00+01:00", cancel_reason="customer")
    (stop,) = send(world, who, samples.body(gone), "orders/cancelled")
    assert stop.state == "entered" and Order.objects.get().status == "cancelled"
    (again_,) = send(world, who, samples.body(gone), "orders/updated")
    assert again_.state == "duplicate"


def test_a_refund_with_goods_back_asks_for_a_return_and_one_that_can_not_be_waits(world: World) -> None:
    who = shop(world)
    send(world, who, samples.body(samples.shopify()), "orders/create")
    refund = {"id": 77, "order_id": 5001, "refund_line_items": [{"line_item_id": 11, "quantity": 1, "restock_type": "return"}]}
    (message,) = send(world, who, samples.body(refund), "refunds/create")
    assert message.state == "quarantined" and codes(message) == ["refused"]  # nothing was shipped yet
    (money,) = send(world, who, samples.body({"id": 78, "order_id": 5001, "refund_line_items": []}), "refunds/create")
    assert money.state == "noted"


def test_a_woocommerce_order_waits_for_its_payment(world: World) -> None:
    who = shop(world, "woocommerce")
    (first,) = send(world, who, samples.body(samples.woocommerce(status="pending")), "order.created")
    assert first.state == "noted" and Order.objects.count() == 0
    (second,) = send(world, who, samples.body(samples.woocommerce(date_modified_gmt="2026-01-05T09:10:00")), "order.updated")
    assert second.state == "entered", [sentence(f) for f in second.findings]
    assert lines(second.order) == [("A", 2, Decimal(10)), ("", 1, Decimal(5))]
    (wrong,) = send(world, who, samples.body(samples.woocommerce(id=728, total="31.00")), "order.created")
    assert codes(wrong) == ["total"]


def test_a_csv_of_two_orders_in_the_senders_words(world: World) -> None:
    who = partner(world, "csv")
    text = "order;customer;sku;quantity;unit;price\nK1;;A;2;ST;10,00\nK1;;B;1;case;\nK2;;A;0,5;;\n"
    first, second = send(world, who, text)
    assert first.state == "entered" and lines(first.order) == [("A", 2, Decimal(10)), ("B", 5, Decimal(20))]
    assert second.state == "quarantined" and codes(second) == ["refused"]


def test_a_message_of_one_partner_is_not_repaired_by_who_may_not_see_it(world: World, edi: TradingPartner) -> None:
    (message,) = send(world, edi, samples.x12(se="99"))
    stranger = world.warehouse
    with pytest.raises(Forbidden):
        replay(message.pk, by=stranger)
