"""How the API's lists are read: by cursor, the newest first."""

from __future__ import annotations

from rest_framework.pagination import CursorPagination


class NewestFirst(CursorPagination):
    """Newest first, 50 a page."""

    ordering = "-id"
    page_size = 50
