"""The lock of credit: account rows, sorted; taken after every document and before stock and number series."""

from __future__ import annotations

from collections.abc import Collection

from django.utils.translation import gettext as _

from oms.kernel.errors import NotFound
from payments.credit.models import CreditAccount


def lock_accounts(ids: Collection[int]) -> dict[int, CreditAccount]:
    """The accounts, locked and fresh. Raises NotFound `account_missing` when one is missing."""
    rows = CreditAccount.objects.filter(pk__in=ids).select_for_update(of=("self",), no_key=True).order_by("pk")
    found = {account.pk: account for account in rows}
    if len(found) != len(set(ids)):
        raise NotFound(_("There is no such credit account."), code="account_missing")
    return found
