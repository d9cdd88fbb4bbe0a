"""Pages of customers."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse

from tests.world import World


def client_of(user: object) -> Client:
    """A client signed in as `user`."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")  # type: ignore[arg-type]
    return client


def test_list_and_page_within_the_row_filter(world: World) -> None:
    client = client_of(world.sales)
    assert "Acme Tools" in client.get(reverse("customers:customer-list"), {"q": "lyon"}).content.decode()
    page = client.get(reverse("customers:customer-detail", args=["ACME"]), follow=True)
    assert page.status_code == 200 and "Sales Lyon" in page.content.decode()
    assert client_of(world.warehouse).get(reverse("customers:customer-list")).status_code == 403
    world.customer.post.holdings.all().delete()
    assert client.get(reverse("customers:customer-detail", args=["ACME"]), follow=True).status_code == 404


def test_the_list_exports(world: World) -> None:
    answer = client_of(world.finance).get(reverse("customers:customer-list"), {"export": "csv"})
    assert b"Acme Tools" in b"".join(answer)
