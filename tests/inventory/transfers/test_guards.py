"""The database refuses the impossible, whoever asks: around the services."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.db.models import F

from inventory.models import Transfer, TransferLine
from inventory.stock.services import Moved, transfer
from tests.inventory.transfers.test_services import asked, came, sent
from tests.world import World

pytestmark = pytest.mark.django_db


def refused(sql: str, *parameters: Any) -> str:
    """The name of the constraint that refuses `sql`, at the latest at commit."""
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
        connection.check_constraints()
    return str(error.value.__cause__.diag.constraint_name)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "change", ["quantity_shipped = 31", "quantity_received = 1", "quantity_lost = 30", "quantity_surplus = 1"]
)
def test_no_line_changes_without_its_postings(world: World, change: str) -> None:
    sent(world, 30)
    assert refused(f"UPDATE inventory_transferline SET {change}") == "transfer_line_by_postings"


def test_no_posting_without_its_line(world: World) -> None:
    came(world, sent(world, 30), 10, last=True)
    sql = """
    INSERT INTO inventory_transferposting (line_id, kind, quantity, by_id, proposed_by_id, at, event_id)
    SELECT line_id, 'lost', 20, by_id, %s, at, event_id FROM inventory_transferposting LIMIT 1
    """
    assert refused(sql, world.manager.pk) == "transfer_line_by_postings"


POSTING = """
INSERT INTO inventory_transferposting (line_id, kind, quantity, movement_id, by_id, proposed_by_id, at, event_id)
SELECT line_id, %s, %s, {movement}, by_id, {proposer}, at, event_id FROM inventory_transferposting WHERE kind = 'shipped'
"""


@pytest.mark.parametrize(
    ("kind", "quantity", "movement", "proposer", "constraint"),
    [
        ("lost", 5, "NULL", "NULL", "transfer_posting_two_persons"),
        ("lost", 5, "NULL", "by_id", "transfer_posting_two_persons"),
        ("surplus", 5, "NULL", "by_id", "transfer_posting_two_persons"),
        ("received", 5, "NULL", "NULL", "transfer_posting_moves"),
        ("lost", -5, "NULL", "1", "transfer_posting_moves"),
        ("received", 0, "movement_id", "NULL", "transfer_posting_quantity"),
    ],
)
def test_giving_up_takes_two_persons_and_moving_takes_a_movement(
    world: World, kind: str, quantity: int, movement: str, proposer: str, constraint: str
) -> None:
    sent(world, 30)
    assert refused(POSTING.format(movement=movement, proposer=proposer), kind, quantity) == constraint


@pytest.mark.parametrize(("kind", "quantity"), [("received", 30), ("shipped", 29)])
def test_a_posting_is_its_movement_at_the_right_end(world: World, kind: str, quantity: int) -> None:
    """A movement at the source is no arrival, and another number of units is not what left."""
    sent(world, 30)
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        other = movement_of_nobody(world)
        TransferLine.objects.update(**{f"quantity_{kind}": F(f"quantity_{kind}") + quantity})
        with connection.cursor() as cursor:
            cursor.execute(POSTING.format(movement=other, proposer="NULL"), [kind, quantity])
        connection.check_constraints()
    assert error.value.__cause__.diag.constraint_name == "transfer_posting_by_movement"  # type: ignore[union-attr]


def movement_of_nobody(world: World) -> int:
    """A movement of A in LYON by −30 that no transfer names yet."""
    (movement,) = transfer(world.lyon, [Moved(world.products["A"].pk, "", "", -30)], "X", by=world.warehouse)
    return movement


def test_no_stock_is_transferred_without_a_transfer(world: World) -> None:
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        movement_of_nobody(world)
        connection.check_constraints()
    assert error.value.__cause__.diag.constraint_name == "movement_of_transfer"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("sql", "constraint"),
    [
        ("UPDATE inventory_transfer SET status = 'requested'", "transfer_status_edge"),
        ("UPDATE inventory_transfer SET status = 'cancelled'", "transfer_status_edge"),
        ("UPDATE inventory_transfer SET source_id = target_id, target_id = source_id", "transfer_kept"),
        ("UPDATE inventory_transferline SET quantity_requested = 99", "transfer_kept"),
        ("UPDATE inventory_transfer SET arrival_date = ship_date - 1", "transfer_dates"),
        (
            "INSERT INTO inventory_route (source_id, target_id, days) SELECT source_id, source_id, 1 FROM inventory_transfer",
            "route_apart",
        ),
        (
            "INSERT INTO inventory_route (source_id, target_id, days) SELECT source_id, target_id, -1 FROM inventory_transfer",
            "route_days",
        ),
    ],
)
def test_a_transfer_keeps_its_ends_and_moves_along_its_table(world: World, sql: str, constraint: str) -> None:
    sent(world, 30)
    assert refused(sql) == constraint


def test_a_transfer_is_born_requested(world: World) -> None:
    asked(world, 1)
    sql = """
    INSERT INTO inventory_transfer (number, source_id, target_id, status, ship_date, arrival_date, requested_by_id, requested_at, event_id)
    SELECT 'TR9', source_id, target_id, 'in_transit', ship_date, arrival_date, requested_by_id, requested_at, event_id FROM inventory_transfer
    """
    assert refused(sql) == "transfer_status_edge"
    assert (
        refused(
            sql.replace("'in_transit'", "'requested'").replace(
                "source_id, target_id, 'requested'", "source_id, source_id, 'requested'"
            )
        )
        == "transfer_apart"
    )


@pytest.mark.parametrize(
    "sql", ["UPDATE inventory_transferposting SET quantity = 1", "DELETE FROM inventory_transferposting"]
)
def test_postings_are_never_rewritten(world: World, sql: str) -> None:
    sent(world, 30)
    with (
        pytest.raises((ProgrammingError, IntegrityError)),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
    assert Transfer.objects.get().status == "in_transit"
