"""Partners are connected with an actor of their own, which enters their orders and can't sign in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from oms.accounts.models import User
from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Invalid
from orders.channels.choices import Format
from orders.channels.models import TradingPartner


def name_actor(partner: TradingPartner) -> None:
    """Part: give a new partner the system user that enters its orders."""
    current()
    user = User(username=f"channel-{partner.code}", first_name=partner.name[:150], is_system=True)
    user.set_unusable_password()
    user.save()
    partner.actor = user


@use_case("channels.connect")
def connect(code: str, name: str, form: str, *, by: Any, at: datetime | None = None, **values: Any) -> TradingPartner:
    """A new trading partner; `values` are its further fields. Raises Invalid `unknown_format`, Conflict `code_taken`."""
    authorize(by, "channels.connect")
    if form not in Format.values:
        raise Invalid(f"There is no format {form}.", code="unknown_format")
    if TradingPartner.objects.filter(code=code).exists():
        raise Conflict(f"{code} is taken.", code="code_taken")
    partner = TradingPartner(code=code, name=name, format=form, **values)
    name_actor(partner)
    partner.full_clean(exclude=["actor"])
    partner.save()
    current().event("channel.connected", [("channel", partner.pk)], {"channel": partner.pk, "format": form})
    return partner
