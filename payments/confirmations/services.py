"""Use cases of balance confirmations: ask, answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.company.selectors import exponent
from oms.events.services import current, new_ids, use_case
from oms.kernel.errors import Conflict, Invalid, NotFound
from payments.confirmations.locks import lock_confirmation
from payments.confirmations.models import BalanceConfirmation
from payments.confirmations.selectors import to_ask

State = BalanceConfirmation.State
SIGNER = Signer(salt="payments.balance")
LONGEST = 2_000


@use_case("payments.ask_balances")
def ask_balances(day: date, codes: Sequence[str] | None = None, *, by: Any, at: datetime | None = None) -> int:
    """Ask the payers (all, or those of these codes) what their books say of the end of `day`; who was asked is not asked again.

    Returns how many were asked; each gets a letter with a link (`balance.asked`). Raises Invalid `day_not_over`, Conflict
    `nobody_to_ask`.
    """
    authorize(by, "payments.ask_balances")
    if day >= localdate():
        message = _("A balance is confirmed for a day that is over.")
        raise Invalid(message, code="day_not_over", errors=[{"field": "day", "message": message}])
    owed = to_ask(day, codes)
    if not owed:
        raise Conflict(_("Nobody is left to ask: no account of these moved up to that day, or all were asked."), code="nobody_to_ask",
                       clears=_("Choose another day or customer."))  # fmt: skip
    cmd = current()
    rows = []
    for x in owed:
        rows.append(BalanceConfirmation(account_id=x.account_id, customer_id=x.customer_id, currency_id=x.currency, day=day,
                                        balance=x.balance, asked_at=cmd.at))  # fmt: skip
    for row, pk in zip(rows, new_ids("payments_balanceconfirmation", len(rows)), strict=True):
        row.pk = pk
        row.event_id = _event("balance.asked", row, {"balance": row.balance})
    BalanceConfirmation.objects.bulk_create(rows)
    return len(rows)


def _event(name: str, row: BalanceConfirmation, data: dict[str, Any], note: str = "") -> int:
    about = [("balance_confirmation", row.pk), ("customer", row.customer_id), ("credit_account", row.account_id)]
    return current().event(name, about, {"day": row.day.isoformat(), **data}, note=note)


@use_case("payments.answer_balance")
def answer_balance(
    confirmation_id: int, said: Decimal, said_by: str, remark: str = "", *, by: Any, by_link: bool = False, at: datetime | None = None
) -> BalanceConfirmation:
    """The customer's answer, once: `said` is what its books show, `said_by` who answers. Another amount opens a case.

    Raises NotFound `balance_missing`, Conflict `balance_answered`, Invalid `nobody_said`, `bad_amount`.
    """
    authorize(by, "payments.answer_balance")
    row = lock_confirmation(confirmation_id)
    if row.state != State.WAITING:
        raise Conflict(_("It was answered on %(day)s by %(who)s.") % {"day": f"{row.answered_at:%Y-%m-%d}", "who": row.said_by},
                       code="balance_answered", clears=_("Write to us if it was wrong."))  # fmt: skip
    if not (who := said_by.replace("\x00", "").strip()):
        message = _("Say who answers.")
        raise Invalid(message, code="nobody_said", errors=[{"field": "said_by", "message": message}])
    if not said.is_finite() or abs(said) >= 10**12 or said != round(said, exponent(row.currency_id)):
        message = _("Not a possible amount of this currency.")
        raise Invalid(message, code="bad_amount", errors=[{"field": "said", "message": message}])
    row.said, row.said_by, row.remark = said, who[:200], remark.replace("\x00", "").strip()[:LONGEST]
    row.state = State.CONFIRMED if said == row.balance else State.DIFFERS
    row.by_link, row.answered_at = by_link, current().at
    _event(f"balance.{row.state}", row, {"balance": row.balance, "said": said, "by_link": by_link}, note=row.remark)
    row.save(update_fields=["said", "said_by", "remark", "state", "by_link", "answered_at"])
    return row


def answer_url(confirmation_id: int) -> str:
    """The address at which the customer answers; "" while the house does not know its own address."""
    return settings.SITE_URL + reverse("payments:balance-answer-link", args=[SIGNER.sign(str(confirmation_id))]) if settings.SITE_URL else ""


def asked_by(token: str) -> BalanceConfirmation:
    """The confirmation of a link. Raises NotFound `no_such_link`."""
    try:
        rows = BalanceConfirmation.objects.select_related("customer", "account__payer")
        return rows.get(pk=int(SIGNER.unsign(token)))
    except (BadSignature, ValueError, BalanceConfirmation.DoesNotExist):
        raise NotFound(_("This link is not one of ours."), code="no_such_link") from None
