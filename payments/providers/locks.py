"""A charge is locked after invoices and payments, before its bank line; what is given back of it after it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from oms.kernel.errors import NotFound
from payments.providers.models import GivenBack, ProviderCharge


def lock_charge(charge_id: int) -> ProviderCharge:
    """One charge, locked and fresh. Raises NotFound `charge_missing`."""
    found = ProviderCharge.objects.filter(pk=charge_id).select_for_update(of=("self",), no_key=True).first()
    if found is None:
        raise NotFound(_("There is no such charge."), code="charge_missing")
    return found


def lock_given_back(pk: int) -> GivenBack:
    """What goes back of a charge, locked and fresh. Raises NotFound `charge_missing`."""
    found = GivenBack.objects.filter(pk=pk).select_related("charge", "refund").select_for_update(of=("self",), no_key=True).first()
    if found is None:
        raise NotFound(_("There is no such charge."), code="charge_missing")
    return found
