"""Money that came ahead for an order: tagged to its pro forma, used by its invoices, freed when it is not needed.

What is tagged is no longer on account: it can't be applied, refunded or tagged again until it is freed. Lock order: invoices,
pro formas, payments, credit account.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.company.selectors import exponent
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Invalid
from oms.kernel.money import half_up
from payments.bank.locks import lock_payment, lock_payments
from payments.bank.models import Application, Deposit, Payment
from payments.bank.selectors import Tagged, tagged_of
from payments.bank.services.recording import bad_amount
from payments.billing.locks import lock_pro_formas
from payments.billing.models import Invoice, ProForma
from payments.billing.selectors import open_day
from payments.billing.services import push_overdue
from payments.credit.services import move

Parts = Mapping[int, Decimal]


def check_deposits(deposits: Parts, available: Decimal, found: Mapping[int, ProForma], account_id: int, currency: str) -> None:
    """Every rule of tagging before anything is written. Raises Conflict `above_payment`, `above_open`, `other_account`, Invalid `bad_amount`."""
    wanted = sum(deposits.values(), Decimal(0))
    if any(part <= 0 or part != round(part, exponent(currency)) for part in deposits.values()):
        raise bad_amount(_("What is paid ahead is above 0, in the currency's smallest unit."))
    if wanted > available:
        raise Conflict(_("%(wanted)s would be tagged of %(available)s.") % {"wanted": wanted, "available": available}, code="above_payment",
                       available=str(available), clears=_("Tag %(over)s less.") % {"over": wanted - available})  # fmt: skip
    for pk, part in sorted(deposits.items()):
        asked = found[pk]
        if asked.account_id != account_id or asked.currency_id != currency:
            raise Conflict(_("%(number)s belongs to another account.") % {"number": asked.number}, code="other_account")
        left = half_up(asked.total - asked.paid, exponent(currency))
        if asked.withdrawn or part > left:
            raise Conflict(
                _("%(number)s was withdrawn.") % {"number": asked.number} if asked.withdrawn
                else _("%(left)s of %(number)s is not paid yet.") % {"number": asked.number, "left": left},
                code="above_open", invoice=asked.number, open=str(Decimal(0) if asked.withdrawn else left),
                clears=_("Tag at most what the order comes to; the rest stays on the account."),
            )  # fmt: skip


def write_deposits(rows: Sequence[tuple[Payment, ProForma, Decimal, bool]], event: int) -> None:
    """Part: append (payment, pro forma, amount, used) and move `tagged` and `paid` with them; all are locked."""
    Deposit.objects.bulk_create(
        Deposit(payment=payment, pro_forma=asked, order_id=asked.order_id, account_id=payment.account_id, currency_id=payment.currency_id,
                amount=amount, used=used, event_id=event)
        for payment, asked, amount, used in rows
    )  # fmt: skip
    for payment, asked, amount, used in rows:
        payment.tagged += amount
        if not used:
            asked.paid += amount
    Payment.objects.bulk_update(list({p.pk: p for p, *_rest in rows}.values()), ["tagged"])
    ProForma.objects.bulk_update(list({f.pk: f for _p, f, *_rest in rows}.values()), ["paid"])


@use_case("payments.free_deposit")
def free_deposit(payment_id: int, pro_forma_id: int, reason: str, *, by: Any, at: datetime | None = None) -> Payment:
    """What a payment has tagged to a pro forma and no invoice used is on account again; its order waits for money anew.

    Raises Conflict `nothing_tagged`, Invalid `reason_missing`.
    """
    authorize(by, "payments.reverse")
    if not reason.strip():
        raise Invalid(_("Say why."), code="reason_missing", errors=[{"field": "reason", "message": _("Say why.")}])
    found = lock_pro_formas([pro_forma_id])
    payment = lock_payment(payment_id)
    rows = [x for x in tagged_of(payment_ids=[payment_id]) if x.pro_forma_id == pro_forma_id and x.left]
    if not rows:
        raise Conflict(_("Nothing of it waits for %(number)s.") % {"number": found[pro_forma_id].number}, code="nothing_tagged")
    _free(rows, {payment.pk: payment}, found, "payment.deposit_freed", note=reason)
    return payment


def _free(rows: Sequence[Tagged], payments: Mapping[int, Payment], found: Mapping[int, ProForma], name: str, note: str = "") -> None:
    """What the rows have left is on account again; one event an payment."""
    for pk in sorted({x.payment_id for x in rows}):
        own, payment = [x for x in rows if x.payment_id == pk and x.left], payments[pk]
        amount = sum((x.left for x in own), Decimal(0))
        if not amount:
            continue
        event = _event(name, payment, [found[x.pro_forma_id] for x in own], {"amount": amount}, note=note)
        move(payment.account_id, [("deposits", -amount, "payment", pk), ("unapplied", amount, "payment", pk)], event)
        write_deposits([(payment, found[x.pro_forma_id], -x.left, False) for x in own], event)


def _event(name: str, payment: Payment, found: Any, data: Mapping[str, Any], note: str = "") -> int:
    subjects = [("payment", payment.pk), ("customer", payment.customer_id), ("credit_account", payment.account_id)]
    subjects += [("pro_forma", x.pk) for x in found]
    subjects += [("order", order_id) for order_id in sorted({x.order_id for x in found})]
    return current().event(name, subjects, {"payment": payment.pk, **data}, note=note)


class Waiting:
    """The money that waits for an order, locked: pro formas, then payments, in the house's order."""

    def __init__(self, order_id: int) -> None:
        seen = tagged_of(order_id=order_id)
        self.pro_formas = lock_pro_formas({x.pro_forma_id for x in seen}) if seen else {}
        self.payments = lock_payments({x.payment_id for x in seen}) if seen else {}
        self.rows = [x for x in tagged_of(order_id=order_id) if x.left and x.payment_id in self.payments] if seen else []

    @property
    def left(self) -> Decimal:
        """What no invoice used yet."""
        return sum((x.left for x in self.rows), Decimal(0))

    def use(self, invoice_id: int, most: Decimal) -> None:
        """Part: apply up to `most` of it to an invoice of the order that this command issued, the oldest money first."""
        invoice = Invoice.objects.get(pk=invoice_id)
        for row in self.rows:
            part = min(row.left, most)
            if part <= 0:
                continue
            self._apply(self.payments[row.payment_id], self.pro_formas[row.pro_forma_id], invoice, part)
            most -= part

    def _apply(self, payment: Payment, asked: ProForma, invoice: Invoice, part: Decimal) -> None:
        subjects = [("payment", payment.pk), ("customer", payment.customer_id), ("credit_account", payment.account_id), ("invoice", invoice.pk),
                    ("pro_forma", asked.pk), ("order", asked.order_id)]  # fmt: skip
        event = current().event("payment.applied", subjects, {"payment": payment.pk, "amount": part, "applied": {str(invoice.pk): part}})
        move(payment.account_id, [("deposits", -part, "payment", payment.pk), ("receivable", -part, "invoice", invoice.pk)], event)
        write_deposits([(payment, asked, -part, True)], event)  # first: a cent is never tagged and applied at once
        payment.applied += part
        payment.save(update_fields=["applied"])
        Application.objects.create(
            payment=payment, invoice=invoice, account_id=payment.account_id, currency_id=payment.currency_id, amount=part,
            value_date=max(open_day(payment.value_date), invoice.invoice_date), event_id=event,
        )  # fmt: skip
        invoice.applied += part
        invoice.save(update_fields=["applied"])
        push_overdue([payment.account_id], current().at.date())

    def free(self) -> None:
        """Part: all of it is on account again."""
        _free(self.rows, self.payments, self.pro_formas, "payment.deposit_freed")
        self.rows = []

    def lift(self, old: ProForma) -> list[tuple[Payment, Decimal]]:
        """Part: what waits by a pro forma that is about to be replaced is on account until `lay`; what it was."""
        own = [x for x in self.rows if x.pro_forma_id == old.pk]
        _free(own, self.payments, self.pro_formas, "payment.deposit_carried")
        return [(self.payments[x.payment_id], x.left) for x in own]

    def lay(self, rows: Sequence[tuple[Payment, Decimal]], new: ProForma) -> None:
        """Part: the same money waits by the new pro forma, as far as that one comes to; the rest stays on account."""
        for payment, amount in rows:
            part = min(amount, new.total - new.paid)
            if part > 0:
                event = _event("payment.deposit_carried", payment, [new], {"amount": part})
                move(payment.account_id, [("unapplied", -part, "payment", payment.pk), ("deposits", part, "payment", payment.pk)], event)
                write_deposits([(payment, new, part, False)], event)


def take_back(payment: Payment, pro_formas: Mapping[int, ProForma], event: int) -> Decimal:
    """Part: a payment that is undone waits for nothing any more, and what was used of it was never paid ahead. Returns what it
    had left tagged; the account's bucket is the caller's."""
    rows = tagged_of(payment_ids=[payment.pk])
    for x in rows:
        asked = pro_formas[x.pro_forma_id]
        if x.used:
            write_deposits([(payment, asked, x.used, True), (payment, asked, -x.used, False)], event)
        if x.left:
            write_deposits([(payment, asked, -x.left, False)], event)
    return sum((x.left for x in rows), Decimal(0))
