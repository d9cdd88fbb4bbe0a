"""The only place where orders and lines are locked: sorted by key, weakly enough for foreign keys to pass."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Model
from django.utils.translation import gettext as _

from oms.kernel.errors import NotFound
from orders.book.models import Order, OrderLine

M = TypeVar("M", bound=Model)


@cache
def columns(model: type[Model]) -> tuple[list[str], str]:
    """(attribute names, SQL list of columns) of a model: written once, since making the text costs more than running it."""
    fields = model._meta.concrete_fields
    return [f.attname for f in fields], ", ".join(f'"{f.column}"' for f in fields)


def locked(model: type[M], where: str, parameters: dict[str, Any]) -> list[M]:
    """The rows of `model` for which `where` holds, locked FOR NO KEY UPDATE and fresh, sorted by id. One statement."""
    names, listed = columns(model)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {listed} FROM {model._meta.db_table} WHERE {where} ORDER BY id FOR NO KEY UPDATE", parameters)
        return [model.from_db(connection.alias, names, row) for row in cursor.fetchall()]


def lock_orders(ids: Collection[int]) -> list[Order]:
    """The orders, locked and fresh, sorted by id. Raises NotFound when one is missing."""
    orders = locked(Order, "id = ANY(%(ids)s::bigint[])", {"ids": list(ids)})
    if len(orders) != len(set(ids)):
        raise NotFound(_("There is no such order."), code="order_missing")
    return orders


def lock_order(order_id: int) -> Order:
    """One order, locked and fresh."""
    return lock_orders([order_id])[0]


def lock_lines(order_ids: Collection[int]) -> list[OrderLine]:
    """All lines of the (already locked) orders, locked and fresh, sorted by id."""
    return locked(OrderLine, "order_id = ANY(%(ids)s::bigint[])", {"ids": list(order_ids)})
