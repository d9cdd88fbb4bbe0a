"""The adapter of karrio: what is asked of the library, what its answers mean; and, where it is installed, a booking with it."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from oms.company.selectors import company_zone
from orders.carriers.adapters import NoAnswer, Parcels, Said, carrier_port
from orders.carriers.through_karrio import Karrio, events_of, weights
from orders.models import Carrier
from tests.world import World

PARCELS = Parcels("express", "SH1", 10_001, 5_000, 3, {"name": "Lyon", "street": "1 rue", "country": "FR"},
                  {"name": "Acme", "street": "2 rue", "postal_code": "75001", "city": "Paris", "country": "FR"})  # fmt: skip


class Library:
    """Stands in for karrio.sdk: keeps what was asked and answers as told."""

    def __init__(self, answer: Any = None, messages: tuple[str, ...] = (), error: Exception | None = None) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.answer, self.messages, self.error = answer, [SimpleNamespace(code="X", message=m) for m in messages], error
        self.gateway = {"house": SimpleNamespace(create=lambda credentials: credentials)}
        self.Shipment = SimpleNamespace(create=self._call("create"), cancel=self._call("cancel"))
        self.Tracking = SimpleNamespace(fetch=self._call("fetch"))

    def _call(self, name: str) -> Any:
        def ask(request: Any) -> Any:
            self.asked.append((name, request))
            return SimpleNamespace(from_=lambda gateway: SimpleNamespace(parse=self._parse))

        return ask

    def _parse(self) -> Any:
        if self.error:
            raise self.error
        return self.answer, self.messages


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts a library in the place of karrio."""

    def put(**more: Any) -> Library:
        made = Library(**more)
        package, sdk = ModuleType("karrio"), ModuleType("karrio.sdk")
        sdk.__dict__.update(Shipment=made.Shipment, Tracking=made.Tracking, gateway=made.gateway)
        package.sdk = sdk  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "karrio", package)
        monkeypatch.setitem(sys.modules, "karrio.sdk", sdk)
        return made

    return put


def test_a_booking_says_who_where_and_how_heavy(library: Any) -> None:
    made = library(answer=SimpleNamespace(tracking_number="T1"))
    assert Karrio("house", {"user": "u"}).book("CO1", PARCELS) == Said("T1")
    ((name, asked),) = made.asked
    assert (name, asked["service"], asked["reference"], asked["recipient"]["postal_code"]) == ("create", "express", "CO1", "75001")
    assert [p["weight"] for p in asked["parcels"]] == [3.334, 3.334, 3.333]
    assert sum(weights(PARCELS)) == pytest.approx(10.001)


@pytest.mark.parametrize(("messages", "means"), [(("no such service",), "refused"), (("75001 is not served above 500 kg",), "refused"), (("status: 429",), "silent"), (("read timed out",), "silent"), (("HTTP 503",), "silent"), (("rate limit",), "silent")])
def test_what_may_pass_is_asked_again_and_a_refusal_is_one(library: Any, messages: tuple[str, ...], means: str) -> None:
    library(messages=messages)
    if means == "refused":
        assert Karrio("house", {}).book("CO1", PARCELS) == Said(refused=messages[0])
    else:
        with pytest.raises(NoAnswer):
            Karrio("house", {}).book("CO1", PARCELS)


def test_whatever_the_transport_raises_is_no_answer(library: Any) -> None:
    library(error=ConnectionResetError("gone"))
    with pytest.raises(NoAnswer, match="gone"):
        Karrio("house", {}).void("CO1", "T1")
    library(answer=SimpleNamespace(success=True))
    assert Karrio("house", {}).void("CO1", "T1") == Said("T1")
    library(messages=("too late",))
    assert Karrio("house", {}).void("CO1", "T1") == Said("T1", "too late")


def test_an_absent_library_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "karrio.sdk", None)
    with pytest.raises(NoAnswer, match="not installed"):
        Karrio("house", {}).track(["T1"])


def event(status: str | None, **more: Any) -> Any:
    given = {"status": status, "timestamp": None, "date": None, "time": None, "code": "C", "description": "said", "location": "Lyon"} | more
    return SimpleNamespace(**given)


def test_what_is_told_is_put_in_our_words(world: World) -> None:
    details = SimpleNamespace(tracking_number="T1", status="delivered", delivered=True, events=[
        event(None, date="2026-03-03", time="14:05"), event("out_for_delivery", timestamp="2026-03-03T08:00:00Z"),
        event("on_hold", date="2026-03-02", time="09:30 PM"), event("pending", timestamp="2026-03-01T08:00:00Z"), event(None), event("in_transit", date="never"),
    ])  # fmt: skip
    found = events_of(details)
    assert [(t.kind, t.tracking_number, t.place) for t in found] == [("delivered", "T1", "Lyon"), ("out", "T1", "Lyon"), ("trouble", "T1", "Lyon")]
    assert found[0].at == datetime(2026, 3, 3, 14, 5, tzinfo=company_zone()) and found[1].at == datetime(2026, 3, 3, 8, tzinfo=UTC)
    assert len({t.key for t in found}) == 3 and events_of(SimpleNamespace(tracking_number="T1", status=None, delivered=False, events=None)) == []


def test_a_carrier_says_how_it_is_spoken_with(world: World) -> None:
    assert isinstance(carrier_port(Carrier(connection="karrio", provider="house", credentials={"a": 1})), Karrio)
    assert carrier_port(Carrier(connection="none")) is None


def test_a_booking_with_the_library_itself() -> None:
    pytest.importorskip("karrio.mappers.generic", reason="karrio-generic is not installed: an extra")
    port = Karrio("generic", {"custom_carrier_name": "house", "display_name": "House", "account_country_code": "FR"})
    said = port.book("CO1", replace(PARCELS, service="standard_service", parcels=1))
    assert said.tracking_number and not said.refused
    assert port.track([said.tracking_number]) == []
