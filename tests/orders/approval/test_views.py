"""The policy page: rehearsed first, then proposed; nothing is in force before another person confirms."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.test import Client
from django.urls import reverse

from oms.changes.models import ChangeRequest
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import submit
from orders.models import ApprovalPolicy
from tests.orders.approval.test_policy import RULES
from tests.world import World


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_a_new_version_is_rehearsed_and_proposed(world: World) -> None:
    number = submit(EntryRequest("ACME", (LineRequest("A", Decimal(40)),), "web"), by=world.sales).number
    client, url = signed_in(world.manager), reverse("orders:approval-policy")
    assert 'name="auto_limit" value="500"' in client.get(url).content.decode()
    page = client.post(url, {**RULES, "auto_limit": "100", "rehearse": "1"}).content.decode()
    assert "1 of 1 orders" in page and number in page and "approver" in page
    assert ChangeRequest.objects.count() == 0
    assert client.post(url, {**RULES, "auto_limit": "100"}).status_code == 400  # why?
    wrong = client.post(url, {**RULES, "minimum_margin": "7", "rehearse": "1"})
    assert wrong.status_code == 400 and "A number from 0 to 1" in wrong.content.decode()
    assert client.post(url, {**RULES, "auto_limit": "100", "reason": "losses"}).status_code == 302
    assert ChangeRequest.objects.get().data["auto_limit"] == "100" and ApprovalPolicy.objects.count() == 1
    assert signed_in(world.sales).get(url).status_code == 403
