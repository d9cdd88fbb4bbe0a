"""The audit trail can be changed by nobody, not even with triggers told to stand aside."""

import psycopg
import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError

from tests.oms.events.conftest import raise_event, rows, seal

CHANGES = [
    "UPDATE oms_event SET name = 'other'",
    "DELETE FROM oms_event",
    "UPDATE oms_eventsubject SET object_id = 2",
    "DELETE FROM oms_eventsubject",
    "UPDATE oms_seal SET count = 0",
    "DELETE FROM oms_seal",
    "TRUNCATE oms_event CASCADE",
    "TRUNCATE oms_eventsubject",
    "TRUNCATE oms_seal",
]


@pytest.fixture
def sealed(live_db):
    raise_event()
    assert seal() == 1


def state():
    return [rows(f"SELECT * FROM {table} ORDER BY 1") for table in ("oms_event", "oms_eventsubject", "oms_seal")]


def test_the_app_role_cannot_change_the_trail(sealed):
    before = state()
    for change in CHANGES:
        with pytest.raises(DatabaseError) as refused, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)
        assert refused.value.__cause__.sqlstate == "42501", change
    assert state() == before


@pytest.mark.parametrize("replica", [False, True])
def test_a_superuser_cannot_either_even_as_a_replica(sealed, superuser, replica):
    before = state()
    with superuser() as server:
        if replica:
            server.execute("SET session_replication_role = replica")
        for change in CHANGES:
            with pytest.raises(psycopg.errors.CheckViolation, match="append-only"):
                server.execute(change)
    assert state() == before
