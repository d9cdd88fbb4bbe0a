"""A consignment is locked after its shipment."""

from __future__ import annotations

from django.utils.translation import gettext as _

from oms.kernel.errors import NotFound
from orders.carriers.models import Consignment


def lock_consignment(consignment_id: int) -> Consignment:
    """One consignment, locked and fresh. Raises NotFound `consignment_missing`."""
    rows = Consignment.objects.filter(pk=consignment_id).select_related("service__carrier", "shipment")
    found = rows.select_for_update(of=("self",), no_key=True).first()
    if found is None:
        raise NotFound(_("There is no such consignment."), code="consignment_missing")
    return found
