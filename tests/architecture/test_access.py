"""Every endpoint × method × role in one table: what is not in it fails, and what it does not allow is refused.

The table is collected from tests/<app>/<room>/access.yaml: `url name: {method: [roles]}`. `all` is everybody signed in,
`anyone` also strangers. An allowed call must get past the door (not 401, 403, 405, sign-in or 5xx); any other must not (404 also refuses).
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.contrib.admin import site
from django.db import transaction
from django.http import HttpRequest
from django.template.response import SimpleTemplateResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from customers.models import Territory
from inventory.feeds.services import Sent, receive_messages, run_feed
from inventory.models import Feed, FeedMessage
from oms.access.services import create_partner_key
from oms.events.master import MasterAdmin, ReadOnlyAdmin
from oms.events.models import Event
from oms.kernel.errors import OMSError
from oms.web import errors
from orders.channels.services import connect, receive
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import submit
from orders.fulfilment.services import release, ship
from orders.models import Message, Order, Reply, Shipment
from orders.service.services import NewCase, open_case
from tests.orders.channels import samples
from tests.world import World, person

ROOT = Path(__file__).resolve().parent.parent
ROLES = ("sales", "approver", "manager", "finance", "warehouse", "partner", "administrator")
METHODS = ("get", "post")


def table() -> dict[str, dict[str, list[str]]]:
    """All rooms' access tables as one; an endpoint stands in one file only."""
    found: dict[str, dict[str, list[str]]] = {}
    for path in sorted(ROOT.glob("*/*/access.yaml")):
        for name, methods in (yaml.safe_load(path.read_text()) or {}).items():
            assert name not in found, f"{name} stands in two tables"
            found[name] = methods
    return found


def endpoints(resolver: Any = None, spaces: tuple[str, ...] = ()) -> list[tuple[str, tuple[str, ...]]]:
    """(name with its namespaces, arguments) of every URL pattern, the admin's own left out (tested apart)."""
    found = []
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            if entry.namespace != "admin":
                found += endpoints(entry, (*spaces, entry.namespace) if entry.namespace else spaces)
        elif isinstance(entry, URLPattern):
            found.append((":".join([*spaces, entry.name or str(entry.pattern)]), tuple(entry.pattern.converters)))
    return found


class Stage:
    """Real objects for every kind of argument, and a client for every role."""

    def __init__(self, world: World) -> None:
        self.people: dict[str, Any] = {r: getattr(world, r) for r in ROLES if r != "administrator"}
        self.people["administrator"] = person("administrator", world.system)
        request = EntryRequest("ACME", (LineRequest("A", Decimal(2)),), "web")
        shipped = Order.objects.get(number=submit(request, by=world.sales).number)
        ship(release([shipped.pk], by=world.manager)[0], by=world.warehouse)
        waiting = EntryRequest("ACME", (LineRequest("A", Decimal(90)),), "web")
        self.order = Order.objects.get(number=submit(waiting, by=world.sales).number)
        second = Order.objects.get(number=submit(request, by=world.sales).number)
        release([second.pk], by=world.manager)
        self.case = open_case(NewCase("inquiry", "Where is it?", "They ask.", order=self.order.number), by=world.sales)
        self.arguments = {
            "number": self.order.number, "shipment": Shipment.objects.get(order=second).number, "hold": 0, "code": "ACME",
            "sku": "A", "pk": 1, "line": 1, "position": 1, "run": 0, "receipt": 0, "line_id": 1, "invoice": "INV1", "customer": "ACME", "path": "oms/theme.css",
            "change": 0, "delegation": 0, "view": 0, "file": 0, "note": 0, "account": world.account.pk, "account_id": world.account.pk, "product": "A", "payment": "PAY1", "refund": "RF1", "charge": "CH1", "month": "2026-01", "post": "LYON1", "case": self.case.number, "kind": "confirmed", "token": "x", "template": 0,
        }  # fmt: skip
        partner = connect("ACME", "Acme", "x12", by=world.system, customer=world.customer, account=world.partner)
        receive(partner, samples.x12(se="99").encode(), "api", by=world.system)
        feed = Feed.objects.create(code="ACME", name="Acme's warehouse", user=world.warehouse)
        receive_messages(feed.pk, [Sent(1, "one", {})], by=world.warehouse)
        run_feed(feed.pk)
        self.arguments["feed_message"] = FeedMessage.objects.get().pk
        self.arguments |= {"message": Message.objects.get().number, "reply": Reply.objects.get().number}
        _row, self.key = create_partner_key(world.partner.pk, "test", ["orders"], by=world.system)

    def url(self, name: str, arguments: tuple[str, ...]) -> str:
        """The endpoint's address with real objects; shipments' numbers where the name says so."""
        values = {a: self.arguments[a] for a in arguments}
        if "shipment" in name and "number" in values:
            values["number"] = self.arguments["shipment"]
        elif "message" in name and "number" in values:
            values["number"] = self.arguments["message"]
        elif "channel-reply" in name and "number" in values:
            values["number"] = self.arguments["reply"]
        return reverse(name, kwargs=values)

    def clients(self) -> dict[str, Client]:
        """A client for every role, one for a stranger, one with the partner's key."""
        made = {"stranger": Client(raise_request_exception=False)}
        for role, user in self.people.items():
            made[role] = Client(raise_request_exception=False)
            made[role].force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return made


def call(client: Client, method: str, url: str) -> Any:
    """The answer, with everything it wrote rolled back; who was signed out is signed in again."""
    session = client.cookies.get("sessionid")
    kept = session.value if session else None
    with transaction.atomic():
        answer = client.generic(method.upper(), url)
        transaction.set_rollback(True)
    if kept:
        client.cookies["sessionid"] = kept
    return answer


class Drawing:
    """Pages are drawn once for each template, refusals once a status: who passes is known before, and the browser draws every page
    for every role."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: set[str] = set()
        self.render, self.page = SimpleTemplateResponse.render, errors._page
        monkeypatch.setattr(errors, "_page", self.refused)
        monkeypatch.setattr(SimpleTemplateResponse, "render", lambda answer: self.draw(answer))

    def refused(self, request: HttpRequest, answer: OMSError, ident: str) -> str:
        first = str(answer.status) not in self.seen
        self.seen.add(str(answer.status))
        return self.page(request, answer, ident) if first else ""

    def draw(self, answer: SimpleTemplateResponse) -> SimpleTemplateResponse:
        name = str(answer.template_name)
        if name not in self.seen:
            self.seen.add(name)
            return self.render(answer)
        answer.content = b""
        return answer


def passed(status: int, location: str) -> bool:
    """Whether the call got past the door (signing out leads to the sign-in page itself, without a way back)."""
    return status not in (401, 403, 405) and not (status == 302 and "/sign-in/?" in location)


def test_every_endpoint_is_in_the_table_and_the_table_names_no_others() -> None:
    known, listed = {name for name, _arguments in endpoints()}, set(table())
    assert sorted(known - listed) == [], "not in any access.yaml"
    assert sorted(listed - known) == [], "in access.yaml, but no such endpoint"


@pytest.mark.django_db
def test_every_role_gets_exactly_what_the_table_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    Drawing(monkeypatch)
    stage = Stage(World.make())
    clients, rules, wrong = stage.clients(), table(), []
    for name, arguments in endpoints():
        url = stage.url(name, arguments)
        for method in METHODS:
            allowed = rules[name].get(method, [])
            for who, client in clients.items():
                answer = call(client, method, url)
                may = "anyone" in allowed or who in allowed or ("all" in allowed and who != "stranger")
                got = passed(answer.status_code, answer.headers.get("Location", ""))
                refused = not got or answer.status_code == 404
                if answer.status_code >= 500 or (not got if may else not refused):
                    wrong.append(f"{method} {name} as {who}: {answer.status_code}, allowed: {allowed}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.django_db
def test_a_key_opens_only_its_scopes_and_only_the_api() -> None:
    stage = Stage(World.make())
    bearer = Client(headers={"Authorization": f"Bearer {stage.key}"}, raise_request_exception=False)
    assert bearer.get(reverse("api:order-list")).status_code == 200
    assert bearer.get(reverse("orders:order-list")).status_code == 302
    wrong = Client(headers={"Authorization": "Bearer oms_nobody_secret"}, raise_request_exception=False)
    assert wrong.get(reverse("api:order-list")).status_code == 401


def test_the_admin_shows_each_role_what_its_pages_say_and_lets_it_edit_no_more() -> None:
    """Every registered page names who looks (`view_roles`) and who edits (`edit_roles`); Django's own groups nobody."""
    for model, page in site._registry.items():
        assert isinstance(page, ReadOnlyAdmin) or model._meta.label == "auth.Group", f"{model} has rights of its own"


@pytest.mark.django_db
def test_the_admin_opens_by_role() -> None:
    stage, wrong = Stage(World.make()), []
    for role, client in stage.clients().items():
        user = stage.people.get(role)
        if user is not None:
            user.is_staff = True
            user.save()
        for model, page in site._registry.items():
            name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
            looks = user is not None and role in getattr(page, "view_roles", ()) and role in ("manager", "finance", "administrator")
            edits = looks and role in getattr(page, "edit_roles", ())
            listed = client.get(reverse(f"{name}_changelist")).status_code == 200
            adds = client.get(reverse(f"{name}_add")).status_code == 200
            may_add = edits and page.has_add_permission.__func__ is MasterAdmin.has_add_permission
            if listed != looks or adds != may_add:
                wrong.append(f"{role} {name}: listed {listed}, adds {adds}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.django_db
def test_a_save_in_the_admin_is_a_command_with_its_event() -> None:
    world = World.make()
    admin = person("administrator", world.system)
    admin.is_staff = True
    admin.save()
    client = Client()
    client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.post(reverse("admin:customers_territory_add"), {"code": "WEST", "name": "West", "parent": ""})
    assert answer.status_code == 302
    event = Event.objects.get(name="master.added")
    assert (event.actor, event.data["noun"], event.data["fields"]) == (admin, "customers.territory", [])
    made = Territory.objects.get(code="WEST")
    page = reverse("admin:customers_territory_change", args=[made.pk])
    client.post(page, {"code": "WEST", "name": "Far West", "parent": ""})
    assert Event.objects.get(name="master.changed").data["fields"] == ["Name"]
