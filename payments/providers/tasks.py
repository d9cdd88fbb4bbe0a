"""The worker speaks with the providers: when something is asked, and every minute for what they did not answer."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from oms.jobs.registry import Running, job
from payments.providers.selectors import to_carry_out, to_give_back
from payments.providers.services import CARRY_OUT, carry_back, carry_out


@job(CARRY_OUT, every=timedelta(minutes=1))
def speak(running: Running) -> dict[str, int]:
    """One charge after the other, then what goes back."""
    found = to_carry_out(timezone.now())
    for n, charge_id in enumerate(found, 1):
        carry_out(charge_id, by=running.by)
        running.progress(n, len(found))
    back = to_give_back(timezone.now())
    for pk in back:
        carry_back(pk, by=running.by)
    return {"charges": len(found), "given_back": len(back)}
