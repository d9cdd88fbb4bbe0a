"""A kept connection is looked at, not asked, before it is used again."""

from __future__ import annotations

import time
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from oms.accounts.models import User


def test_a_connection_that_the_server_ended_is_found_without_a_statement(live_db: str, superuser: Any) -> None:
    connection.ensure_connection()
    assert connection.is_usable()
    before = connection.connection.info.backend_pid
    with superuser() as server:
        server.execute("SELECT pg_terminate_backend(%s)", [before])
    time.sleep(0.2)
    assert not connection.is_usable()
    connection.health_check_done, connection.health_check_enabled = False, True  # as at the begin of a request
    with CaptureQueriesContext(connection) as captured:
        assert User.objects.filter(username="system").exists()
    assert len(captured) == 1
    assert connection.connection.info.backend_pid != before
