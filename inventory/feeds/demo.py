"""The practice company's feed: Duisburg's own system sends; one message names a product we call otherwise, one is missing."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from inventory.catalog.models import LocationStaff, StorageLocation
from inventory.feeds.models import Feed
from inventory.feeds.services import Sent, receive_messages, run_feed
from inventory.stock.models import Balance
from oms.access.services import create_user

STEP = 97


def fill(by: Any) -> None:
    """Six messages: a comparison, receipts, a movement, one in quarantine, one behind a gap."""
    place = StorageLocation.objects.get(code="DUI")
    machine = create_user("wms-duisburg", by=by, password=None, roles=["warehouse"], last_name="WMS Duisburg")
    LocationStaff.objects.create(user=machine, location=place)
    feed = Feed.objects.create(code="duisburg", name="WMS Duisburg", user=machine)
    lying = list(Balance.objects.filter(location=place, on_hand__gt=20, allocated=0, blocked=0).select_related("product").order_by("pk")[:3])
    rows = [{"sku": b.product.sku, "bin": b.bin, "lot": b.lot, "quantity": b.on_hand} for b in lying]
    told: list[tuple[int, str, list[dict[str, Any]], dict[str, Any]]] = [
        (1, "comparison", [rows[0], {**rows[1], "quantity": rows[1]["quantity"] - 2}, rows[2]], {}),
        (2, "received", [{**rows[0], "quantity": 24}], {}),
        (3, "movement", [{**rows[1], "quantity": -2}], {"reason": "loss"}),
        (4, "received", [{"sku": "DUI-4711", "quantity": 12}], {}),
        (6, "received", [{**rows[2], "quantity": 6}], {}),
    ]
    now = timezone.now()
    messages = [
        Sent(seq, f"dui-{seq:05d}", {"kind": kind, "at": now.isoformat(), "location": "DUI", "rows": facts, **more})
        for seq, kind, facts, more in told
    ]
    receive_messages(feed.pk, messages, by=machine)
    run_feed(feed.pk)
