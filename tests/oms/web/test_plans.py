"""Which plans a connection uses: reads are planned with their values, writes keep the generic plans of the role."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from oms.web.middleware import reading, set_plans

pytestmark = pytest.mark.django_db


def mode() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW plan_cache_mode")
        return str(cursor.fetchone()[0])


@pytest.fixture(autouse=True)
def of_the_role() -> None:
    """Begin with what the role has, whatever a test before set and rolled back."""
    connection.ensure_connection()
    connection.connection.oms_reading = True
    reading.set(False)
    set_plans(connection)


def test_reads_are_planned_with_their_values_and_writes_are_not(client: Client) -> None:
    role = mode()
    assert role == "force_generic_plan"
    client.get("/sign-in/")
    assert mode() == "auto"
    client.post("/sign-in/", {"username": "x", "password": "y"})
    assert mode() == role


def test_behind_a_pooler_the_session_is_left_alone(client: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr(connection.connection, "prepare_threshold", None)
    client.get("/sign-in/")
    assert mode() == "force_generic_plan"
