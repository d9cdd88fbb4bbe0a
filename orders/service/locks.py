"""Cases are locked alone, sorted by key; nothing else is locked after them."""

from __future__ import annotations

from collections.abc import Collection

from django.utils.translation import gettext as _

from oms.kernel.errors import NotFound
from orders.book.locks import locked
from orders.service.models import Case


def lock_cases(ids: Collection[int]) -> dict[int, Case]:
    """The cases by id, locked and fresh. Raises NotFound `case_missing` unless all are there."""
    found = {case.pk: case for case in locked(Case, "id = ANY(%(ids)s)", {"ids": sorted(ids)})}
    if len(found) != len(set(ids)):
        raise NotFound(_("There is no such case."), code="case_missing")
    return found
