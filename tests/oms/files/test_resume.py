"""Killed anywhere, an import goes on where it was; two at once bring every row in once; guards refuse only bad rows."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection, connections

from inventory.models import Product
from oms.files import formats, services
from oms.files.choices import FileState
from oms.files.models import ImportFile, ImportRow
from oms.kernel.errors import Conflict
from orders.models import Order
from tests.oms.files.conftest import Files, table
from tests.world import World


class Killed(BaseException):
    """The process ends here."""


PRODUCTS = table("sku name", *((f"P{n:02}", f"Product {n}") for n in range(12)))


def small(monkeypatch: pytest.MonkeyPatch, name: str, **changes: Any) -> None:
    """The format with other batches or another `apply`."""
    entry = replace(formats.named(name), **changes)
    monkeypatch.setitem(formats.registered(), name, entry)


@pytest.mark.parametrize("at", range(1, 5))
@pytest.mark.parametrize("after", [False, True])
def test_killed_in_any_batch_it_goes_on_and_writes_each_row_once(world: World, files: Files, monkeypatch: Any, at: int, after: bool) -> None:
    path = files.csv("p.csv", PRODUCTS)
    entry, calls = formats.named("products"), []

    def apply(documents: Any, context: Any) -> None:
        calls.append([d.number for d in documents])
        if len(calls) == at and not after:
            raise Killed
        entry.apply(documents, context)
        if len(calls) == at and after:
            raise Killed

    small(monkeypatch, "products", batch=3, apply=apply)
    with pytest.raises(Killed):
        files.run("products", path)
    assert Product.objects.filter(sku__startswith="P").count() == 3 * (at - 1)
    assert ImportFile.objects.get().state == FileState.APPLYING
    small(monkeypatch, "products", batch=3, apply=entry.apply)
    assert files.run("products", path).counts == "12 rows in, 12 created, 0 changed, 0 the same, 0 rejected"
    assert Product.objects.filter(sku__startswith="P").count() == 12
    assert ImportFile.objects.get().state == FileState.DONE


def test_killed_while_the_rows_are_read_nothing_is_counted_twice(world: World, files: Files, monkeypatch: Any) -> None:
    path = files.csv("p.csv", PRODUCTS)
    copied = services._copy
    calls: list[int] = []

    def copy(file_id: int, rows: Any, *, by: Any) -> None:
        calls.append(len(rows))
        if len(calls) == 3:
            raise Killed
        copied(file_id, rows, by=by)

    monkeypatch.setattr(services, "COPY_CHUNK", 5)
    monkeypatch.setattr(services, "_copy", copy)
    with pytest.raises(Killed):
        files.run("products", path)
    assert ImportRow.objects.count() == 10
    assert files.run("products", path).counts == "12 rows in, 12 created, 0 changed, 0 the same, 0 rejected"
    assert ImportRow.objects.count() == 12


def test_a_batch_refused_by_a_guard_is_halved_until_only_the_bad_row_is_left(world: World, files: Files, monkeypatch: Any) -> None:
    entry = formats.named("products")

    def apply(documents: Any, context: Any) -> None:
        entry.apply(documents, context)
        if any(d.head["sku"] == "P05" for d in documents):
            raise Conflict("P05 is not wanted.", code="unwanted", clears="Leave it out.")

    small(monkeypatch, "products", apply=apply)
    path = files.csv("p.csv", PRODUCTS)
    run = _committed(files, path)
    assert run.counts == "12 rows in, 11 created, 0 changed, 0 the same, 1 rejected"
    assert files.rejected(path) == [("7", "", "", "P05 is not wanted. Leave it out.")]


def _committed(files: Files, path: Any) -> Any:
    return files.run("products", path)


ORDERS = table(
    "order customer requested_date sku quantity charge price",
    ("X1", "ACME", "2030-03-01", "A", "3", "", ""), ("X1", "", "", "B", "2", "", ""), ("X1", "", "", "", "", "Freight", "8"),
    ("X2", "ACME", "2030-03-01", "A", "1", "", ""),
    ("X3", "ACME", "2030-03-01", "C", "2", "", ""),
)  # fmt: skip


@pytest.mark.parametrize("at", range(1, 4))
def test_orders_killed_between_the_order_and_its_mark_are_entered_once(live_world: World, files: Files, monkeypatch: Any, at: int) -> None:
    path = files.csv("o.csv", ORDERS)
    mark, seen = services._done, formats.named("orders").apply

    def die(*args: Any, **kwargs: Any) -> None:
        raise Killed

    monkeypatch.setattr(services, "_done", die)
    small(monkeypatch, "orders", batch=1)
    for _n in range(at):
        with pytest.raises(Killed):
            files.run("orders", path)
    assert Order.objects.count() == at
    monkeypatch.setattr(services, "_done", mark)
    assert files.run("orders", path).refused == ""
    assert sorted(Order.objects.values_list("external_id", flat=True)) == ["X1", "X2", "X3"]
    assert files.run("orders", path).counts == "5 rows in, 0 created, 0 changed, 5 the same, 0 rejected"
    assert Order.objects.count() == 3 and seen is not None


def test_two_at_once_bring_every_row_in_once(live_world: World, files: Files) -> None:
    path = files.csv("p.csv", PRODUCTS)
    said: list[str] = []

    def work() -> None:
        try:
            run = files.run("products", path)
            said.append(run.refused)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _n in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    files.run("products", path)
    assert Product.objects.filter(sku__startswith="P").count() == 12
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM oms_importrow WHERE state = 'created'")
        assert cursor.fetchone()[0] == 12
    assert all(text in ("", "p.csv: The same file is being read right now.") for text in said)
