"""Channels over HTTP: partner keys, signed webhooks, replies; nobody sees another's channel."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from oms.access.services import create_partner_key, create_user
from orders.channels.services import connect, enter
from orders.models import CrossReference, Message, Order, Reply, TradingPartner, Transmission
from tests.orders.channels import samples
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def edi(world: World) -> TradingPartner:
    made = connect("acme-edi", "Acme", "x12", by=world.system, customer=world.customer, account=world.partner)
    CrossReference.objects.create(partner=made, kind="address", code="STORE-9", address=world.customer.addresses.get())
    return made


def client(world: World, user: Any, *scopes: str) -> Client:
    _row, key = create_partner_key(user.pk, "test", scopes or ("channels",), by=world.system)
    return Client(headers={"Authorization": f"Bearer {key}"}, raise_request_exception=False)


def post(who: Client, code: str, text: str | bytes, content_type: str = "application/edi-x12") -> Any:
    return who.post(f"/api/v1/channels/{code}/messages/", text if isinstance(text, bytes) else text.encode(), content_type=content_type)


def test_a_partner_sends_with_its_key_and_fetches_the_replies(world: World, edi: TradingPartner) -> None:
    who = client(world, world.partner)
    answer = post(who, "acme-edi", samples.x12())
    assert answer.status_code == 202 and answer.json()["again"] is False
    (message,) = answer.json()["messages"]
    assert (message["state"], message["external_id"], message["order"]) == ("new", "PO-77", None)
    enter(Message.objects.get().pk, by=world.system)
    seen = who.get(f"/api/v1/channels/acme-edi/messages/{message['number']}/").json()
    assert (seen["state"], seen["order"]) == ("entered", Order.objects.get().number)
    replies = who.get("/api/v1/channels/acme-edi/replies/").json()["results"]
    assert [r["kind"] for r in replies] == ["997", "855"]
    raw = who.get(f"/api/v1/channels/acme-edi/replies/{replies[0]['number']}/")
    assert raw.content.startswith(b"ISA*") and raw.headers["X-Content-Type-Options"] == "nosniff"
    assert who.post(f"/api/v1/channels/acme-edi/replies/{replies[0]['number']}/taken/").status_code == 200
    assert [r["kind"] for r in who.get("/api/v1/channels/acme-edi/replies/").json()["results"]] == ["855"]
    assert len(who.get("/api/v1/channels/acme-edi/replies/?all=1").json()["results"]) == 2


def test_the_same_bytes_again_get_the_first_answer(world: World, edi: TradingPartner) -> None:
    who = client(world, world.partner)
    first, second = post(who, "acme-edi", samples.x12()).json(), post(who, "acme-edi", samples.x12()).json()
    assert second == {**first, "again": True} and Message.objects.count() == 1


def test_what_can_not_be_read_is_kept_and_refused_with_the_reason(world: World, edi: TradingPartner) -> None:
    answer = post(client(world, world.partner), "acme-edi", b"\x00\xffjunk")
    assert answer.status_code == 422 and answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "unreadable" and "X12" in problem["detail"] and problem["messages"] == [Message.objects.get().number]
    assert bytes(Transmission.objects.get().body) == b"\x00\xffjunk"
    assert post(client(world, world.partner), "acme-edi", b"  ").json()["code"] == "empty"


def test_nobody_sees_or_uses_the_channel_of_another(world: World, edi: TradingPartner) -> None:
    post(client(world, world.partner), "acme-edi", samples.x12())
    number = Message.objects.get().number
    stranger = client(world, create_user("other", by=world.system, roles=["partner"]))
    for url in ("messages/", f"messages/{number}/", "replies/", f"replies/{Reply.objects.get().number}/"):
        answer = stranger.get(f"/api/v1/channels/acme-edi/{url}")
        assert answer.status_code == 404 and b"Acme" not in answer.content and b"PO-77" not in answer.content, url
    assert post(stranger, "acme-edi", samples.x12(number="PO-66")).status_code == 404
    assert client(world, world.partner, "orders").get("/api/v1/channels/acme-edi/messages/").status_code == 403
    assert Client().get("/api/v1/channels/acme-edi/messages/").status_code == 401
    assert Transmission.objects.count() == 1


@pytest.fixture
def shop(world: World) -> TradingPartner:
    return connect("shop", "Shop", "shopify", by=world.system, customer=world.customer, prices="theirs", places="created", secret="s3cret")


def deliver(body: bytes, signature: str, topic: str = "orders/create", code: str = "shop") -> Any:
    headers = {"X-Shopify-Hmac-Sha256": signature, "X-Shopify-Topic": topic}
    return Client(raise_request_exception=False).post(f"/api/v1/channels/{code}/webhook/", body, content_type="application/json", headers=headers)


def test_a_signed_webhook_is_kept_once_and_entered(world: World, shop: TradingPartner) -> None:
    body = samples.body(samples.shopify())
    first, second = deliver(body, samples.signature("s3cret", body)), deliver(body, samples.signature("s3cret", body))
    assert (first.status_code, second.json()["again"]) == (200, True)
    assert enter(Message.objects.get().pk, by=world.system) == "entered"
    assert Order.objects.get().entered_by == shop.actor


def test_a_webhook_without_the_right_signature_leaves_nothing(world: World, shop: TradingPartner) -> None:
    body = samples.body(samples.shopify())
    for signature in ("", "x", "é", samples.signature("other", body), samples.signature("s3cret", body + b" ")):
        assert deliver(body, signature).status_code == 401, signature
    TradingPartner.objects.update(secret="")
    assert deliver(body, samples.signature("", body)).status_code == 401
    TradingPartner.objects.update(secret="s3cret", active=False)
    assert deliver(body, samples.signature("s3cret", body)).status_code == 404
    assert Transmission.objects.count() == 0


def test_woocommerces_unsigned_ping_is_answered_and_kept_nowhere(world: World) -> None:
    connect("woo", "Woo", "woocommerce", by=world.system, customer=world.customer, secret="s3cret", prices="theirs", places="created")
    who = Client(raise_request_exception=False)
    ping = who.post("/api/v1/channels/woo/webhook/", b"webhook_id=12", content_type="application/x-www-form-urlencoded")
    assert ping.status_code == 200 and Transmission.objects.count() == 0
    body = samples.body(samples.woocommerce())
    headers = {"X-WC-Webhook-Signature": samples.signature("s3cret", body), "X-WC-Webhook-Topic": "order.created"}
    assert who.post("/api/v1/channels/woo/webhook/", body, content_type="application/json", headers=headers).status_code == 200
    assert enter(Message.objects.get().pk, by=world.system) == "entered"


def test_edi_partners_have_no_webhook(world: World, edi: TradingPartner) -> None:
    assert deliver(b"{}", "x", code="acme-edi").status_code == 404
