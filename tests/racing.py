"""Races that surely meet: a lock holds every thread at its first write, after its reads, and then lets all go at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connections

from orders.models import Order, OrderLine, Shipment

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


def together(works: Sequence[Callable[[], Any]]) -> tuple[list[threading.Thread], list[Any]]:
    """Threads, not started, that do the works at once; and where each one's answer or error will lie, in their order."""
    answers: list[Any] = [None] * len(works)
    door = threading.Barrier(len(works))

    def one(position: int) -> None:
        try:
            door.wait(20)
            answers[position] = works[position]()
        except Exception as error:
            answers[position] = error
        finally:
            connections.close_all()

    return [threading.Thread(target=one, args=[i], daemon=True) for i in range(len(works))], answers


def race(superuser: Any, hold: Sequence[str], works: Sequence[Callable[[], Any]], waiting: int = 0) -> list[Any]:
    """Do the works at once behind the locks that the statements `hold` take, until `waiting` of them (all) stand before it."""
    threads, answers = together(works)
    with superuser() as holder, superuser() as watch, holder.transaction():
        for statement in hold:
            holder.execute(statement)
        for thread in threads:
            thread.start()
        until = time.monotonic() + 2.5
        while (watch.execute(WAITING).fetchone() or (0,))[0] < (waiting or len(works)):
            assert time.monotonic() < until, f"the threads never met: {answers}"
            time.sleep(0.01)
    return joined(threads, answers)


def at_once(works: Sequence[Callable[[], Any]]) -> list[Any]:
    """Do the works at once, without any hold."""
    threads, answers = together(works)
    for thread in threads:
        thread.start()
    return joined(threads, answers)


def joined(threads: list[threading.Thread], answers: list[Any]) -> list[Any]:
    """The answers when everybody is through."""
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads), "a thread hangs"
    return answers


def unlocked(monkeypatch: Any, *modules: Any) -> None:
    """Take the row locks away from services: they read what they should lock (the red control)."""
    plain = {
        "lock_orders": lambda ids: list(Order.objects.filter(pk__in=ids).order_by("pk")),
        "lock_order": lambda pk: Order.objects.get(pk=pk),
        "lock_lines": lambda ids: list(OrderLine.objects.filter(order_id__in=ids).order_by("pk")),
        "lock_shipment": lambda pk: Shipment.objects.select_related("location").get(pk=pk),
    }
    taken = [monkeypatch.setattr(m, name, read) for m in modules for name, read in plain.items() if hasattr(m, name)]
    assert taken, "no lock was there to take away"


def deadlocks(superuser: Any) -> int:
    """How many deadlocks the server broke in this database; every connection that met one is closed."""
    with superuser() as server:
        row = server.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").fetchone()
        return int(row[0])
