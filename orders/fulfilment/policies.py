"""Who releases, ships and confirms deliveries (RELIABILITY.md section 3); warehouse staff for their locations."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from inventory.catalog.models import LocationStaff
from oms.accounts.choices import Role
from oms.accounts.policies import policy
from oms.kernel.errors import Forbidden


def other_location(actor: Any, shipment: Any) -> Forbidden | None:
    """Refuses warehouse staff at a location that is not theirs."""
    if shipment is None or actor.is_system or Role.MANAGER in actor.roles:
        return None
    if LocationStaff.objects.filter(user_id=actor.pk, location_id=shipment.location_id).exists():
        return None
    return Forbidden(
        _("You do not work at %(location)s.") % {"location": shipment.location},
        code="other_location",
        who=_("staff of that location"),
        clears=_("Ask a manager to assign you."),
    )


policy("orders.release", {"manager", "warehouse"})
policy("fulfilment.open_wave", {"manager", "warehouse"}, unless=other_location)
policy("fulfilment.put_back", {"warehouse"}, unless=other_location)
policy("orders.ship", {"warehouse"}, unless=other_location)
policy("orders.deliver", {"warehouse", "manager"}, unless=other_location)
policy("fulfilment.clear", {"manager", "approver"})
policy("fulfilment.give_back", {"warehouse"}, unless=other_location)
policy("fulfilment.propose_write_off", {"warehouse", "manager"})
policy("fulfilment.write_off", {"manager", "finance"})
policy("orders.receive_back", {"warehouse"}, unless=other_location)
policy("orders.reverse_shipment", {"warehouse"}, unless=other_location)
policy("orders.assume", set())
