"""The backend itself; Django looks for this module by its name."""

from __future__ import annotations

import select
from typing import cast

from django.db.backends.postgresql import base
from psycopg import _queries

# psycopg keeps the parsed form of short statements only; those of the write path are longer, and as constant.
_queries.MAX_CACHED_STATEMENT_LENGTH = 16_384


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL; what the server closed is found by a look at the socket instead of a round trip a request."""

    def is_usable(self) -> bool:
        """Whether the server is still there. Nothing comes unasked from one that is: what can be read is its farewell."""
        if self.connection is None or self.errors_occurred or self._has_news():
            return cast(bool, super().is_usable())
        return True

    def _has_news(self) -> bool:
        if self.connection.closed:
            return True
        look = select.poll()
        look.register(self.connection.fileno(), select.POLLIN)
        return bool(look.poll(0))
