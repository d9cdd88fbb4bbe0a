"""The one lock of figures: counting and closing never run side by side, so that a closed month is whole."""

from __future__ import annotations

from django.db import connection

KEY = 0x6669677572  # "figur"


def lock_figures() -> None:
    """Wait for whoever counts or closes, until the end of this transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [KEY])
