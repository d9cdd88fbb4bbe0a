"""Pages of payments: what became of one, and what is done with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.accounts.policies import may
from oms.events.selectors import timeline
from oms.kernel.errors import NotFound
from oms.web import words
from oms.web.format import money
from oms.web.views import ActionPage, FormPage, Page
from payments.bank.domain import divided
from payments.bank.forms import RefundForm, Split
from payments.bank.models import Payment
from payments.bank.selectors import (
    lines_for,
    paid_ahead,
    payable,
    standing_of,
    visible_payments,
    visible_refunds,
)
from payments.bank.services import (
    apply_rest,
    free_deposit,
    propose_payment_refund,
    reverse_payment,
)
from payments.bank.views.lines import BANK
from payments.billing.models import Invoice, ProForma
from payments.billing.selectors import open_invoices, open_pro_formas

SPLIT_SHOWN = 200


def payable_of(account_id: int) -> list[Invoice | ProForma]:
    """What an account may pay: pro formas that orders wait for, then open invoices, the oldest due first."""
    return [*open_pro_formas().filter(account_id=account_id), *open_invoices().filter(account_id=account_id)[:SPLIT_SHOWN]]


def split_rows(invoices: Sequence[Invoice | ProForma], typed: dict[str, str], currency: str) -> list[dict[str, Any]]:
    """The open invoices of one account with what is typed for each."""
    return [{"invoice": x, "value": typed.get(x.number, ""), "currency": currency} for x in invoices]


def said_of(payment: Payment) -> str:
    """What became of a payment, in one sentence."""
    left = payment.rest
    facts = {"number": payment.number, "applied": money(payment.applied, payment.currency_id), "left": money(left, payment.currency_id),
             "ahead": money(payment.tagged, payment.currency_id)}  # fmt: skip
    if payment.tagged:
        return _("%(number)s: %(ahead)s paid ahead, %(applied)s applied, %(left)s stays on the account.") % facts
    if not payment.applied:
        return _("%(number)s: %(left)s is put on the account.") % facts
    if left:
        return _("%(number)s: %(applied)s applied, %(left)s stays on the account.") % facts
    return _("%(number)s: %(applied)s applied.") % facts


class PaymentMixin:
    """The payment of the URL, within the row filter."""

    @cached_property
    def payment(self) -> Payment:
        found = visible_payments(self.request.user).filter(number=self.kwargs["payment"]).first()  # type: ignore[attr-defined]
        if found is None:
            raise NotFound(_("There is no payment %(number)s.") % {"number": self.kwargs["payment"]})  # type: ignore[attr-defined]
        return found


class PaymentDetail(PaymentMixin, Page):
    """One payment: where it came from, what it settled, what is left; apply the rest, reverse."""

    verb = "payments.view_bank"
    crumbs = (BANK,)
    template_name = "payments/bank/payment_detail.html"

    def get_title(self) -> str:
        return self.payment.number

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        payment, user = self.payment, self.request.user
        kwargs.pop("payment", None)  # the URL's number
        standing = payment.clearing not in Payment.GONE
        rest = may(user, "payments.apply") and payment.rest > 0 and standing
        invoices = payable_of(payment.account_id) if rest else []
        return super().get_context_data(
            payment=payment, applications=standing_of(payment), ahead=paid_ahead(payment),
            sent_back=visible_refunds(user).filter(payment_id=payment.pk) if payment.refunded else [], timeline=words.entries(timeline("payment", payment.pk)),
            rows=split_rows(invoices, {}, payment.currency_id), reverses=standing and may(user, "payments.reverse"),
            refunds=payment.rest > 0 and payment.clearing == Payment.Clearing.CLEARED and may(user, "payments.propose_refund"), **kwargs,
        )  # fmt: skip


class PaymentAction(PaymentMixin, ActionPage):
    """An action on one payment of the URL."""

    def get_success_url(self) -> str:
        return reverse("payments:payment-detail", args=[self.kwargs["payment"]])


class ReversePayment(PaymentAction):
    """Undo a payment, with a reason; its bank line waits again."""

    verb = "payments.reverse"
    done = gettext_lazy("The payment is reversed; its invoices are open and its bank line waits again.")

    def run(self) -> Payment:
        return reverse_payment(self.payment.pk, self.request.POST.get("reason", "")[:500], by=self.request.user)


class RefundPayment(PaymentMixin, FormPage):
    """Pay back what a payment has left; a manager confirms it."""

    verb = "payments.propose_refund"
    title = gettext_lazy("Propose a refund")
    crumbs = (BANK,)
    form_class = RefundForm
    main_label = gettext_lazy("Propose")
    done = gettext_lazy("Proposed. It is posted once a manager confirms it.")

    def get_initial(self) -> dict[str, Any]:
        return {"amount": money(self.payment.rest, self.payment.currency_id)}

    def run(self, form: RefundForm) -> Any:
        return propose_payment_refund(self.payment.pk, form.cleaned_data["amount"], form.cleaned_data["reason"], by=self.request.user)

    def get_success_url(self) -> str:
        return reverse("payments:payment-detail", args=[self.kwargs["payment"]])


class FreeDeposit(PaymentAction):
    """What waits for an order is on account again."""

    verb = "payments.reverse"
    done = gettext_lazy("The money is on account again; the order waits for its prepayment.")

    def run(self) -> Payment:
        number = self.kwargs["number"]
        asked = ProForma.objects.filter(number=number).values_list("pk", flat=True).first() if "\x00" not in number else None
        if asked is None:
            raise NotFound(_("There is no pro forma %(number)s.") % {"number": number})
        return free_deposit(self.payment.pk, asked, self.request.POST.get("reason", "")[:500], by=self.request.user)


class ApplyRest(PaymentAction):
    """Apply what a payment has left over to invoices of its account."""

    verb = "payments.apply"

    def run(self) -> Payment:
        split = Split.read(self.request.POST.dict())
        allocations, deposits = divided(split.parts(payable(split.typed)).items())
        return apply_rest(self.payment.pk, allocations, by=self.request.user, deposits=deposits)

    def get_done_message(self) -> str:
        return said_of(self.result)


class RefundDetail(Page):
    """One refund: of what, decided when, and with which line of the bank it left, or may have."""

    verb = "payments.view_bank"
    crumbs = (BANK,)
    template_name = "payments/bank/refund_detail.html"

    def get_title(self) -> str:
        return self.kwargs["refund"]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        kwargs.pop("refund", None)  # the URL's number
        number, user = self.kwargs["refund"], self.request.user
        refund = visible_refunds(user).filter(number=number).first() if "\x00" not in number else None
        if refund is None:
            raise NotFound(_("There is no refund %(number)s.") % {"number": number})
        left = refund.paid_out.filter(undone=False).select_related("bank_line__account").first()
        of = visible_payments(user).filter(pk=refund.payment_id).first() if refund.payment_id else None
        return super().get_context_data(
            refund=refund, left=left, of=of, lines=[] if left or not may(user, "payments.pay_out") else lines_for(refund),
            timeline=words.entries(timeline("refund", refund.pk)), **kwargs,
        )  # fmt: skip
