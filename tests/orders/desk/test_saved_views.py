"""Views of the order list that people keep: their own filters, by name."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from orders.desk.services import MOST_VIEWS
from orders.models import SavedView
from tests.world import World

LIST, KEEP = reverse("orders:order-list"), reverse("orders:view-keep")


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_a_view_is_kept_opened_and_dropped(world: World) -> None:
    client = signed_in(world.sales)
    assert "Keep this view" not in client.get(LIST).content.decode()
    assert "Keep this view" in client.get(LIST, {"status": "draft"}).content.decode()
    answer = client.post(KEEP, {"name": " Mine ", "query": "status=draft&page=3&export=csv"})
    assert answer.status_code == 302 and answer.url == f"{LIST}?status=draft"
    client.post(KEEP, {"name": "Mine", "query": "status=approved"})
    view = SavedView.objects.get()
    assert (view.name, view.query, view.user_id) == ("Mine", "status=approved", world.sales.pk)
    assert f'href="?{view.query}"' in client.get(LIST).content.decode()
    assert "Mine" not in signed_in(world.manager).get(LIST).content.decode()
    assert signed_in(world.manager).post(reverse("orders:view-drop", args=[view.pk])).status_code == 404
    assert client.post(reverse("orders:view-drop", args=[view.pk])).status_code == 302
    assert not SavedView.objects.exists()


def test_what_is_not_kept(world: World) -> None:
    client = signed_in(world.sales)
    for name, query in (("", "status=draft"), ("x" * 41, "status=draft"), ("x", ""), ("x", "page=2"), ("x", "q=" + "y" * 600)):
        assert client.post(KEEP, {"name": name, "query": query}).status_code == 400
    SavedView.objects.bulk_create(SavedView(user=world.sales, name=str(n), query="q=1") for n in range(MOST_VIEWS))
    assert client.post(KEEP, {"name": "x", "query": "q=1"}).status_code == 400
    assert SavedView.objects.count() == MOST_VIEWS
