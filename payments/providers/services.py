"""Charge a card or debit for an invoice: ask, capture, give up, see it at the bank, take it back when the bank does, give it back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.company.selectors import exponent
from oms.events.services import current, new_ids, use_case
from oms.jobs.services import enqueue
from oms.kernel.dates import asked_again
from oms.kernel.errors import Conflict, Invalid, NotFound
from payments.bank.models import Payment
from payments.bank.services import apply_line, reverse_payment
from payments.billing.locks import lock_invoices
from payments.billing.models import Refund
from payments.providers.adapters import DEFAULT, PROVIDERS, NoAnswer, Said
from payments.providers.choices import WAITS, ChargeKind, ChargeState, GivenBackState
from payments.providers.locks import lock_charge, lock_given_back
from payments.providers.models import GivenBack, ProviderCharge
from payments.providers.selectors import left_of

CARRY_OUT = "payments.providers"


@use_case("payments.ask_charge")
def ask_charge(invoice_id: int, kind: str, token: str, amount: Decimal, *, by: Any, at: datetime | None = None) -> ProviderCharge:
    """Ask a provider for `amount` of an open invoice; the worker speaks with it.

    Raises NotFound; Invalid `bad_kind`, `token_missing`, `bad_amount`; Conflict `above_open`, `charge_under_way`.
    """
    authorize(by, "payments.charge")
    invoice = lock_invoices([invoice_id])[invoice_id]
    if kind not in ChargeKind.values:
        raise Invalid(_("Card or debit."), code="bad_kind")
    if not token.strip():
        raise Invalid(_("Name the card or the mandate."), code="token_missing", errors=[{"field": "token", "message": _("Name the card or the mandate.")}])
    if not amount.is_finite() or amount <= 0 or amount != round(amount, exponent(invoice.currency_id)):
        raise Invalid(_("The amount is above 0, in the currency's smallest unit."), code="bad_amount",
                      errors=[{"field": "amount", "message": _("Not a possible amount.")}])
    if amount > invoice.open_amount:
        raise Conflict(_("%(left)s of %(number)s is open.") % {"left": invoice.open_amount, "number": invoice}, code="above_open")
    cmd, (pk,) = current(), new_ids("payments_providercharge")
    charge = ProviderCharge(
        pk=pk, number=f"CH{pk:06d}", provider=DEFAULT, kind=kind, invoice=invoice, account_id=invoice.account_id, customer_id=invoice.customer_id,
        currency_id=invoice.currency_id, amount=amount, token=token.strip()[:120], asked_at=cmd.at, next_at=cmd.at,
    )  # fmt: skip
    charge.event_id = _event("charge.asked", charge)
    try:
        with transaction.atomic():
            charge.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict(_("A charge for %(number)s is under way.") % {"number": invoice}, code="charge_under_way",
                       clears=_("Wait for it, or give it up.")) from error  # fmt: skip
    enqueue(CARRY_OUT, charge.number, by=by)
    return charge


def _event(name: str, charge: ProviderCharge, note: str = "") -> int:
    about = [("charge", charge.pk), ("invoice", charge.invoice_id), ("customer", charge.customer_id), ("credit_account", charge.account_id)]
    return current().event(name, about, {"charge": charge.pk, "amount": charge.amount, "state": str(charge.state)}, note=note)


def _need(charge: ProviderCharge, *states: str) -> None:
    if charge.state not in states:
        raise Conflict(_("%(number)s is: %(state)s.") % {"number": charge, "state": charge.get_state_display()}, code="charge_state",
                       clears=_("Load the page again."))  # fmt: skip


@use_case("payments.capture_charge")
def capture_charge(charge_id: int, *, by: Any, at: datetime | None = None) -> ProviderCharge:
    """Take what was authorised. Raises Conflict `charge_state`."""
    return _want(charge_id, ChargeState.CAPTURING, "charge.capturing", by)


@use_case("payments.void_charge")
def void_charge(charge_id: int, *, by: Any, at: datetime | None = None) -> ProviderCharge:
    """Give up what was authorised: nothing is taken. Raises Conflict `charge_state`."""
    return _want(charge_id, ChargeState.VOIDING, "charge.voiding", by)


def _want(charge_id: int, state: ChargeState, name: str, by: Any) -> ProviderCharge:
    authorize(by, "payments.charge")
    charge = lock_charge(charge_id)
    _need(charge, ChargeState.AUTHORISED)
    charge.state, charge.attempts, charge.next_at = state, 0, current().at
    _event(name, charge)
    charge.save(update_fields=["state", "attempts", "next_at"])
    enqueue(CARRY_OUT, f"{charge.number}-{state}", by=by)
    return charge


def carry_out(charge_id: int, *, by: Any) -> str:
    """Ask the provider for what a charge waits for, outside of any transaction, and keep its answer; the state it has then.

    Killed in between, it is asked again under the same key.
    """
    charge = ProviderCharge.objects.get(pk=charge_id)
    provider, key = PROVIDERS[charge.provider], f"{charge.number}-{charge.state}"
    try:
        if charge.state == ChargeState.ASKED:
            said = provider.authorise(key, charge.kind, charge.token, charge.amount, charge.currency_id)
        elif charge.state == ChargeState.CAPTURING:
            said = provider.capture(key, charge.reference, charge.amount, charge.currency_id)
        elif charge.state == ChargeState.VOIDING:
            said = provider.void(key, charge.reference)
        else:
            return str(charge.state)
    except NoAnswer as error:
        return _later(charge_id, str(charge.state), str(error), by=by)
    return settle(charge_id, str(charge.state), said, by=by)


@use_case("payments.carry_out_charge")
def settle(charge_id: int, asked: str, said: Said, *, by: Any, at: datetime | None = None) -> str:
    """Keep what the provider said to what it was asked; an answer to something else changes nothing. A debit is captured with its authorisation."""
    authorize(by, "payments.carry_out_charge")
    charge = lock_charge(charge_id)
    if charge.state != asked:
        return str(charge.state)
    leads = WAITS[ChargeState(asked)]
    if asked == ChargeState.ASKED and charge.kind == ChargeKind.DEBIT:
        leads = ChargeState.CAPTURED
    charge.state = ChargeState.DECLINED if said.refused else leads
    charge.reference, charge.reason, charge.attempts = said.reference or charge.reference, said.refused[:300], 0
    _event(f"charge.{charge.state}", charge, note=charge.reason)
    charge.save(update_fields=["state", "reference", "reason", "attempts"])
    return str(charge.state)


@use_case("payments.charge_unanswered")
def _later(charge_id: int, asked: str, why: str, *, by: Any, at: datetime | None = None) -> str:
    """The provider did not answer: it is asked again, later each time."""
    authorize(by, "payments.carry_out_charge")
    charge = lock_charge(charge_id)
    if charge.state == asked:
        charge.attempts, charge.reason, charge.next_at = charge.attempts + 1, why[:300], asked_again(current().at, charge.attempts)
        charge.save(update_fields=["attempts", "reason", "next_at"])
    return str(charge.state)


@use_case("payments.bank_charge")
def bank_charge(charge_id: int, bank_line_id: int, *, by: Any, at: datetime | None = None) -> Payment:
    """The bank shows what was captured, in a line of it or of several charges: now it is a payment, applied to the invoice as far as that is open.

    Raises Conflict `charge_state`, and whatever `apply_line` refuses.
    """
    authorize(by, "payments.charge")
    seen = ProviderCharge.objects.filter(pk=charge_id).values_list("invoice_id", flat=True).first()
    invoices = lock_invoices([seen]) if seen else {}
    charge = lock_charge(charge_id)
    _need(charge, ChargeState.CAPTURED)
    part = min(charge.amount, invoices[charge.invoice_id].open_amount)
    allocations: Mapping[int, Decimal] = {charge.invoice_id: part} if part else {}
    payment = apply_line(bank_line_id, charge.customer_id, allocations, amount=charge.amount, by=by)
    charge.state, charge.payment = ChargeState.PAID, payment
    _event("charge.paid", charge)
    charge.save(update_fields=["state", "payment"])
    return payment


@use_case("payments.untie_charge")
def untie_charge(payment_id: int, *, by: Any, at: datetime | None = None) -> None:
    """The payment by which a charge was paid does not stand: it waits for its bank line again."""
    authorize(by, "payments.carry_out_charge")
    charge_id = ProviderCharge.objects.filter(payment_id=payment_id, state=ChargeState.PAID).values_list("pk", flat=True).first()
    charge = lock_charge(charge_id) if charge_id else None
    if charge is None or charge.state != ChargeState.PAID or charge.payment_id != payment_id:
        return
    charge.state, charge.payment = ChargeState.CAPTURED, None
    _event("charge.untied", charge)
    charge.save(update_fields=["state", "payment"])


@use_case("payments.charge_returned")
def charge_returned(charge_id: int, reason: str, *, by: Any, at: datetime | None = None) -> ProviderCharge:
    """The customer's bank took it back (a returned debit, a charge contested): its invoice is open again.

    What stood as a payment is reversed. Raises Conflict `charge_state`, Invalid `reason_missing`.
    """
    authorize(by, "payments.charge")
    if not reason.strip():
        raise Invalid(_("Say why."), code="reason_missing", errors=[{"field": "reason", "message": _("Say why.")}])
    paid = ProviderCharge.objects.filter(pk=charge_id, state=ChargeState.PAID).values_list("payment_id", flat=True).first()
    if paid:
        reverse_payment(paid, reason, by=by)
    charge = lock_charge(charge_id)
    _need(charge, ChargeState.PAID if paid else ChargeState.CAPTURED)
    charge.state, charge.reason = ChargeState.RETURNED, reason.strip()[:300]
    _event("charge.returned", charge, note=reason)
    charge.save(update_fields=["state", "reason"])
    return charge


@use_case("payments.give_back")
def give_back(charge_id: int, number: str, *, by: Any, at: datetime | None = None) -> GivenBack:
    """Have a decided refund go back through the provider of a paid charge; the worker speaks with it. It has left when the bank shows it.

    Raises NotFound; Conflict `charge_state`, `other_customer`, `above_charge`, `given_already`.
    """
    authorize(by, "payments.charge")
    charge = lock_charge(charge_id)
    _need(charge, ChargeState.PAID)
    refund = Refund.objects.filter(number=number).first()
    if refund is None or (refund.customer_id, refund.currency_id) != (charge.customer_id, charge.currency_id):
        raise NotFound(_("%(name)s has no refund %(number)s.") % {"name": charge.customer, "number": number}, code="refund_missing")
    left = left_of(charge)
    if refund.amount > left:
        raise Conflict(_("%(left)s of %(number)s is left.") % {"left": left, "number": charge}, code="above_charge")
    if refund.paid_out.filter(undone=False).exists() or refund.given_back.exclude(state=GivenBackState.DECLINED).exists():
        raise Conflict(_("%(number)s is on its way already.") % {"number": refund}, code="given_already")
    cmd, (pk,) = current(), new_ids("payments_givenback")
    event = cmd.event("refund.asked_of_provider", _of(charge, refund), {"charge": charge.pk, "refund": refund.pk, "amount": refund.amount})
    made = GivenBack.objects.create(pk=pk, charge=charge, refund=refund, amount=refund.amount, asked_at=cmd.at, next_at=cmd.at, event_id=event)
    enqueue(CARRY_OUT, f"{charge.number}-{pk}", by=by)
    return made


def _of(charge: ProviderCharge, refund: Refund) -> list[tuple[str, int]]:
    return [("charge", charge.pk), ("refund", refund.pk), ("customer", charge.customer_id), ("credit_account", charge.account_id)]


def carry_back(pk: int, *, by: Any) -> str:
    """Ask the provider to give back what waits, outside of any transaction, and keep its answer; the state it has then."""
    made = GivenBack.objects.select_related("charge").get(pk=pk)
    if made.state != GivenBackState.ASKED:
        return str(made.state)
    charge = made.charge
    try:
        said = PROVIDERS[charge.provider].refund(f"{charge.number}-{pk}", charge.reference, made.amount, charge.currency_id)
    except NoAnswer as error:
        return given_back(pk, None, str(error), by=by)
    return given_back(pk, said, by=by)


@use_case("payments.carry_out_give_back")
def given_back(pk: int, said: Said | None, why: str = "", *, by: Any, at: datetime | None = None) -> str:
    """Keep what the provider said to a refund; None when it did not answer: it is asked again, later each time."""
    authorize(by, "payments.carry_out_charge")
    made = lock_given_back(pk)
    if made.state != GivenBackState.ASKED:
        return str(made.state)
    if said is None:
        made.attempts, made.reason, made.next_at = made.attempts + 1, why[:300], asked_again(current().at, made.attempts)
    else:
        made.state = GivenBackState.DECLINED if said.refused else GivenBackState.GIVEN
        made.reference, made.reason = said.reference, said.refused[:300]
        facts = {"charge": made.charge_id, "refund": made.refund_id, "amount": made.amount}
        current().event(f"refund.{made.state}_by_provider", _of(made.charge, made.refund), facts, note=made.reason)
    made.save(update_fields=["state", "reference", "reason", "attempts", "next_at"])
    return str(made.state)
