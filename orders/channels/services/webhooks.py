"""Tell partners' machines of their orders: signed by the standardwebhooks convention, in order, retried for days.

Deliveries of an order to an endpoint wait for the one before; other orders and other endpoints do not. Each is leased and
counted before it is sent. Who takes no delivery for three days is switched off, which is a problem until somebody looks.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.events.consumers import News
from oms.events.services import current, use_case
from oms.kernel.errors import NotFound
from orders.channels.models import WebhookDelivery, WebhookEndpoint
from orders.channels.selectors import money_said
from orders.channels.services import posting

# After so many minutes again; then it is given up, after more than four days.
BACKOFF = (1, 5, 15, 60, 180, 360, 720, 1440, 1440, 1440, 1440)
OFF_AFTER = timedelta(days=3)
LEASE_SECONDS = 60
A_RUN = 200
MARK = "whsec_"


def new_secret() -> str:
    """A secret as the convention writes it."""
    return MARK + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(secret: str, ident: str, timestamp: int, body: bytes) -> str:
    """`v1,` and base64 of HMAC-SHA256 over "id.timestamp.body"."""
    key = base64.b64decode(secret.removeprefix(MARK))
    signed = f"{ident}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def note(news: News) -> None:
    """Part: a delivery for every endpoint of the orders' customers, in the queue of the first order; the same event again adds none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO orders_webhookdelivery (endpoint_id, event_id, order_id) SELECT e.id, %s, min(o.id) FROM orders_order o "
            "JOIN customers_customeruser u ON u.customer_id = o.customer_id JOIN orders_webhookendpoint e ON e.user_id = u.user_id "
            "WHERE o.id = ANY(%s) GROUP BY e.id ON CONFLICT DO NOTHING",
            [news.id, news.all("order")],
        )


CLAIM = """
WITH due AS MATERIALIZED (
    SELECT d.id FROM orders_webhookdelivery d JOIN orders_webhookendpoint e ON e.id = d.endpoint_id
    WHERE d.endpoint_id = %(endpoint)s AND d.status = 'new' AND d.due_at <= statement_timestamp() AND e.active AND NOT EXISTS (
        SELECT FROM orders_webhookdelivery b
        WHERE b.endpoint_id = d.endpoint_id AND b.order_id = d.order_id AND b.status = 'new' AND b.event_id < d.event_id)
    ORDER BY d.event_id LIMIT 1 FOR UPDATE OF d SKIP LOCKED
)
UPDATE orders_webhookdelivery d SET attempts = attempts + 1, due_at = statement_timestamp() + make_interval(secs => %(lease)s)
FROM due WHERE d.id = due.id RETURNING d.id
"""


def due_endpoints() -> list[int]:
    """Active endpoints with something to send."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT d.endpoint_id FROM orders_webhookdelivery d JOIN orders_webhookendpoint e ON e.id = d.endpoint_id "
            "WHERE d.status = 'new' AND d.due_at <= statement_timestamp() AND e.active ORDER BY 1"
        )
        return [row[0] for row in cursor.fetchall()]


def send_to(endpoint_id: int, *, by: Any) -> int:
    """Send what is due to one endpoint, until nothing is or one fails; returns how many got through."""
    sent = 0
    while sent < A_RUN:
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, {"endpoint": endpoint_id, "lease": LEASE_SECONDS})
            row = cursor.fetchone()
        if row is None:
            break
        delivery = WebhookDelivery.objects.select_related("endpoint", "event", "order").get(pk=row[0])
        try:
            status = posting.post(delivery.endpoint.url, *message(delivery))
            good, answer = 200 <= status < 300, f"HTTP {status}"
        except posting.Unreachable as error:
            good, answer = False, str(error)
        record(delivery.pk, good, answer, by=by)
        if not good:
            break
        sent += 1
    return sent


def message(delivery: WebhookDelivery) -> tuple[bytes, dict[str, str]]:
    """Body and signed headers; the order's state is what it is now, the id is the same at every attempt. Of money, what the event says."""
    order, event = delivery.order, delivery.event
    data = {"order": order.number, "status": order.status, "external_id": order.external_id, "customer_po": order.customer_po, **money_said(event)}
    body = json.dumps({"type": event.name, "timestamp": event.at.isoformat(), "data": data}, separators=(",", ":")).encode()
    now = int(datetime.now().timestamp())
    ident = f"evt_{event.pk}"
    headers = {"Content-Type": "application/json", "webhook-id": ident, "webhook-timestamp": str(now),
               "webhook-signature": signature(delivery.endpoint.secret, ident, now, body)}  # fmt: skip
    return body, headers


@use_case("channels.webhook_sent")
def record(delivery_id: int, good: bool, answer: str, *, by: Any, at: datetime | None = None) -> None:
    """What came of an attempt: delivered, tried again later, given up; the endpoint switched off when nothing gets through."""
    cmd = current()
    delivery = WebhookDelivery.objects.select_for_update(no_key=True, of=("self",)).get(pk=delivery_id)
    endpoint = WebhookEndpoint.objects.select_for_update(no_key=True).get(pk=delivery.endpoint_id)
    delivery.answer = answer[:200]
    if good:
        delivery.status, delivery.done_at, endpoint.failing_since = WebhookDelivery.Status.DONE, cmd.at, None
    else:
        if delivery.attempts > len(BACKOFF):
            delivery.status = WebhookDelivery.Status.DEAD
        else:
            delivery.due_at = cmd.at + timedelta(minutes=BACKOFF[delivery.attempts - 1])
        endpoint.failing_since = endpoint.failing_since or cmd.at
        if endpoint.active and (answer == "HTTP 410" or cmd.at - endpoint.failing_since >= OFF_AFTER):
            endpoint.active = False
            cmd.event("webhook.switched_off", [("webhook", endpoint.pk)], {"endpoint": endpoint.pk, "answer": answer[:200]})
    delivery.save(update_fields=["status", "answer", "due_at", "done_at"])
    endpoint.save(update_fields=["failing_since", "active"])


@use_case("channels.webhook_again")
def send_again(delivery_id: int, *, by: Any, at: datetime | None = None) -> None:
    """Send a delivery again, whatever came of it; its id is the same, so that the receiver knows it. Raises NotFound."""
    authorize(by, "channels.connect")
    changed = WebhookDelivery.objects.filter(pk=delivery_id).update(status="new", attempts=0, due_at=current().at, done_at=None)
    if not changed:
        raise NotFound(_("There is no such delivery."), code="delivery_missing")
    current().event("webhook.sent_again", [("webhook_delivery", delivery_id)], {"delivery": delivery_id})

