"""A charge is locked after invoices and payments, before its bank line."""

from __future__ import annotations

from django.utils.translation import gettext as _

from oms.kernel.errors import NotFound
from payments.providers.models import ProviderCharge


def lock_charge(charge_id: int) -> ProviderCharge:
    """One charge, locked and fresh. Raises NotFound `charge_missing`."""
    found = ProviderCharge.objects.filter(pk=charge_id).select_for_update(of=("self",), no_key=True).first()
    if found is None:
        raise NotFound(_("There is no such charge."), code="charge_missing")
    return found
