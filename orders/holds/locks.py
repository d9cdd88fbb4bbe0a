"""The lock of quotas: rows sorted; taken after the credit account and before stock."""

from __future__ import annotations

from collections.abc import Collection

from orders.holds.models import Quota


def lock_quotas(ids: Collection[int]) -> list[Quota]:
    """The quotas, locked and fresh, by id."""
    return list(Quota.objects.filter(pk__in=ids).select_for_update(of=("self",), no_key=True).order_by("pk"))
