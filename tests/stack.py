"""The whole application as child processes for live tests: web, worker and relay on a clone of their own.

The children are those of `oms.runtime.supervisor` with its environment, on the tests' settings, a database and a queue
of their own. They die with the test run. What they wrote stands in `var/test/log/<database>/`.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import redis
from django.test import Client

from inventory.catalog.services import ProductRow, upsert_products
from inventory.models import Product
from inventory.stock.services.facts import Opening, set_opening
from oms.access.services import create_partner_key
from oms.runtime import paths, process, supervisor, valkey
from orders.models import Price, PriceList
from tests.world import World

T = TypeVar("T")
PROCESSES = ("web", "worker", "relay")


@dataclass(frozen=True)
class Reply:
    """What the web process answered."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Stack:
    """A running application on database `name`; Django's connection of the test points there while a test uses it."""

    name: str
    listening: socket.socket = field(default_factory=lambda: supervisor.listen("127.0.0.1", 0))
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _world: World | None = None
    _key: str = ""

    def __post_init__(self) -> None:
        self.queue = f"queue-{self.name}"
        self.port: int = self.listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.logs: Path = paths.var() / "log" / self.name
        self.logs.mkdir(parents=True, exist_ok=True)

    # Processes

    def start(self, *names: str) -> None:
        """Start the named processes (all by default) and wait until the web process answers."""
        valkey.start(tied=False)
        for name in names or PROCESSES:
            command, role = supervisor.children(self.listening.fileno())[name]
            keep = [self.listening.fileno()] if name == "web" else []
            control = str(paths.socket_dir() / f"{self.port}.ctl")
            command = [control if part.endswith("gunicorn.ctl") else part for part in command]
            environment = {
                "OMS_INSTANCE": "test", "OMS_DATABASE_ROLE": role, "OMS_DATABASE_NAME": self.name, "DATABASE_URL": "",
                "REDIS_URL": "", "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": str(paths.BASE),
                "OMS_TEST_QUEUE": self.queue, "OMS_TEST_STATIC": "1",
            }  # fmt: skip
            self.children[name] = process.start(command, log=self.logs / f"{name}.log", env=environment, keep=keep)
        if "web" in (names or PROCESSES):
            process.wait_for(lambda: supervisor.answers(f"{self.url}/ready/"), 60, "The web process", self.children["web"])

    def kill(self, name: str, sig: int = signal.SIGKILL) -> None:
        """End a process and its own children: SIGKILL all at once, or ask and wait with another signal."""
        child = self.children.pop(name)
        if sig == signal.SIGKILL:
            os.killpg(child.pid, signal.SIGKILL)
        process.stop(child, sig)

    def stop(self) -> None:
        """End everything at once (the database is dropped next) and forget the queue."""
        for name in reversed(list(self.children)):
            self.kill(name)
        self.listening.close()
        (paths.socket_dir() / f"{self.port}.ctl").unlink(missing_ok=True)
        self.broker().delete(self.queue, f"_kombu.binding.{self.queue}")

    def broker(self) -> redis.Redis:
        """A client of the Valkey that carries the rings."""
        return redis.Redis(unix_socket_path=str(valkey.socket_path()))

    def wait_for(self, condition: Callable[[], T], seconds: float = 30) -> T:
        """Poll until `condition` is true and return what it said; AssertionError with the logs' ends when it never is."""
        until = time.monotonic() + seconds
        while not (found := condition()):
            if time.monotonic() > until:
                raise AssertionError(f"not within {seconds} s; the processes said:\n{self.said()}")
            time.sleep(0.05)
        return found

    def said(self, lines: int = 15) -> str:
        """The last lines of every process."""
        ends = [(p.stem, p.read_text(errors="replace").splitlines()[-lines:]) for p in sorted(self.logs.glob("*.log"))]
        return "\n".join(f"[{name}] {line}" for name, end in ends for line in end)

    # The company

    @property
    def world(self) -> World:
        """The small company, made once on this database, committed; its orders add up, so ACME's credit is wide."""
        if self._world is None:
            self._world = World.make(limit=1_000_000)
        return self._world

    def product(self, units: int, price: int = 10) -> Product:
        """A new product with `units` on hand in LYON, so that tests on one database do not share stock."""
        system, sku = self.world.system, f"P{uuid.uuid4().hex[:8].upper()}"
        upsert_products([ProductRow(sku, f"Product {sku}")], by=system)
        made = Product.objects.get(sku=sku)
        Price.objects.create(price_list=PriceList.objects.get(code="BASE"), product=made, unit_price=price)
        set_opening([Opening(made.pk, self.world.lyon, "", "", None, units)], by=system)
        return made

    def cookie(self, user: Any) -> dict[str, str]:
        """The Cookie header's content of somebody signed in, e.g. for a browser: {"sessionid": "…"}."""
        client = Client()
        client.force_login(user)
        return {"sessionid": client.cookies["sessionid"].value}

    @property
    def key(self) -> str:
        """The partner's raw API key with the scope of orders."""
        if not self._key:
            made = create_partner_key(self.world.partner.pk, "live", ["orders"], by=self.world.system)
            self._key = made[1]
        return self._key

    # Requests

    def request(self, method: str, path: str, body: bytes = b"", **headers: str) -> Reply:
        """One request on a connection of its own; header names with underscores."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            link.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
            answer = link.getresponse()
            return Reply(answer.status, answer.read(), dict(answer.getheaders()))
        finally:
            link.close()

    def order(self, body: Mapping[str, Any], idempotency_key: str = "", **headers: str) -> Reply:
        """POST an order with the partner's key (`Authorization` overrides it)."""
        headers = {"Authorization": f"Bearer {self.key}", "Idempotency_Key": idempotency_key or str(uuid.uuid4()), **headers}
        return self.request("POST", "/api/v1/orders/", json.dumps(body).encode(), Content_Type="application/json", **headers)

    def post(self, user: Any, path: str, data: Mapping[str, Any] | None = None) -> Reply:
        """Send a form of a page as somebody signed in."""
        cookies = {**self.cookie(user), "csrftoken": "c" * 32}
        form = urlencode({**(data or {}), "csrfmiddlewaretoken": "c" * 32}, doseq=True).encode()
        return self.request(
            "POST", path, form, Content_Type="application/x-www-form-urlencoded", Referer=self.url + path,
            Cookie="; ".join(f"{k}={v}" for k, v in cookies.items()),
        )  # fmt: skip
