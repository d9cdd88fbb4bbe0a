"""The page of one bank line: what it may pay, best first; Enter confirms and moves on."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.accounts.policies import may
from oms.kernel.errors import Invalid, NotFound, OMSError
from oms.web import navigation
from oms.web.format import money
from oms.web.forms import Option
from oms.web.views import ActionPage, OptionsView, Page, RefusalMixin
from payments.bank.domain import divided
from payments.bank.forms import Split
from payments.bank.models import BankLine, Payment
from payments.bank.selectors import (
    batch_of,
    next_line,
    offers,
    open_lines,
    paid_out_by,
    payable,
    payer,
    payers_like,
    payments_of,
    progress,
    queue_around,
    refunds_for,
)
from payments.bank.services import (
    apply_line,
    pay_out,
    undo_pay_out,
)
from payments.bank.views.lines import BANK
from payments.bank.views.payments import payable_of, said_of, split_rows


class NextLine(Page):
    """The first line to match."""

    verb = "payments.apply"
    http_method_names = ["get"]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        first = open_lines().values_list("pk", flat=True).first()
        return HttpResponseRedirect(after_match(first))


def after_match(line_id: int | None) -> str:
    """The line to match next, or the list when all is matched."""
    return reverse("payments:bank-lines") if line_id is None else reverse("payments:bank-line", args=[line_id])


class PayerOptions(OptionsView):
    """Who may have paid: customers with an account, also found by an invoice's number."""

    verb = "payments.apply"

    def options(self, q: str) -> list[Option]:
        return [Option(c.code, c.name, c.code) for c in payers_like(q)]


REASONS = {
    "invoice_number": gettext_lazy("%(about)s is written on the line"),
    "order_number": gettext_lazy("order %(about)s is written on the line"),
    "customer_po": gettext_lazy("their order %(about)s is written on the line"),
    "known_account": gettext_lazy("paid from this account before"),
    "name": gettext_lazy("the payer's name is %(about)s"),
    "amount": gettext_lazy("exactly what is open"),
    "amount_all": gettext_lazy("exactly what is open of all of them"),
    "amount_sum": gettext_lazy("%(about)s of the open invoices sum to it exactly"),
    "amount_only": gettext_lazy("the only open invoice of this amount"),
    "amount_run": gettext_lazy("%(about)s invoices in a row sum to it exactly"),
    "unique": gettext_lazy("in one way only"),
    "more_sums": gettext_lazy("other sums of more invoices would fit too"),
    "rest_sum": gettext_lazy("with %(about)s exactly what was paid"),
    "ambiguous": gettext_lazy("another answer is just as good: choose"),
    "bounded": gettext_lazy("of %(about)s open invoices only the oldest were tried in sums"),
    "instalment": gettext_lazy("the amount is the next instalment"),
    "cash_discount": gettext_lazy("cash discount of %(about)s was kept, in time"),
    "bank_fee": gettext_lazy("%(about)s less, as if a bank took a fee; it would stay open"),
    "partial": gettext_lazy("%(about)s would stay open"),
    "rest": gettext_lazy("%(about)s would stay on the account"),
}
MONEY_REASONS = ("partial", "rest", "cash_discount", "bank_fee")


def reasons(proposal: Any, currency: str) -> list[str]:
    """Why a proposal is made, in words."""
    return [
        str(REASONS[r.code]) % {"about": money(Decimal(r.about), currency) if r.code in MONEY_REASONS else r.about}
        for r in proposal.reasons
    ]


class MatchLine(RefusalMixin, Page):
    """One bank line: what it may pay, best first; Enter confirms and moves on. Posting applies it."""

    template_name = "payments/bank/match.html"
    crumbs = (BANK,)

    @property
    def verb(self) -> str:  # type: ignore[override]
        return "payments.apply" if self.request.method == "POST" else "payments.view_bank"

    def get_line(self) -> BankLine:
        rows = BankLine.objects.select_related("account", "statement")
        line = rows.filter(pk=self.kwargs["line"]).first()
        if line is None:
            raise NotFound(_("There is no such bank line."))
        return line

    def get_title(self) -> str:
        return _("Match")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        line, split = self.get_line(), kwargs.pop("split", None)
        kwargs.pop("line", None)  # the URL's id
        found = offers(line)
        chosen = self.request.GET.get("proposal", "")
        chose = "customer" in self.request.GET  # then Enter belongs to the amounts, not to a proposal
        picked = found[int(chosen)] if chosen.isdecimal() and len(chosen) < 3 and int(chosen) < len(found) else None
        best = picked or (found[0] if found and not chose else None)
        code = split.customer if split else best.customer.code if best else self.request.GET.get("customer", "")
        who = payer(code)
        typed = split.typed if split else {x.number: money(part, line.currency_id) for x, part in best.rows} if best else {}
        invoices = payable_of(who.credit_membership.account_id) if who else []
        return super().get_context_data(
            line=line, split=split, payer=who, payments=payments_of(line), progress=progress(batch_of(line)),
            queue=queue_around(line), next_id=next_line(line), editing=picked is not None or split is not None or (chose and who is not None),
            offers=[(offer, reasons(offer.proposal, line.currency_id)) for offer in found],
            rows=split_rows(invoices, typed, line.currency_id),
            applies=may(self.request.user, "payments.apply"), paid_out=paid_out_by(line),
            refunds=refunds_for(line) if may(self.request.user, "payments.pay_out") else [], **kwargs,
        )  # fmt: skip

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Apply what was typed or proposed; on to the next line, or this one again while something is left of it."""
        split = Split.read(request.POST.dict())
        try:
            payment = self.apply(split)
        except OMSError as error:
            return self.refuse(error, split)
        line = self.get_line()
        messages.success(request, said_of(payment))
        navigation.forget_counts(request.user)
        return HttpResponseRedirect(after_match(line.pk if line.unmatched else next_line(line)))

    def apply(self, split: Split) -> Payment:
        """The one use case: a payment of the payer from this line."""
        who = payer(split.customer)
        if who is None:
            raise Invalid(_("Say who paid: choose a customer."), code="payer_missing")
        ids = payable(split.typed)
        allocations, deposits = divided(split.parts(ids).items())
        return apply_line(
            self.kwargs["line"], who.pk, allocations, by=self.request.user, amount=split.whole(), unmatched=split.seen(),
            discounts=split.discounts(ids), deposits=deposits,
        )  # fmt: skip

    def refuse(self, error: OMSError, form: Any = None) -> HttpResponse:
        """The page again with what was typed, when the line still waits; then what is left is shown afresh."""
        context = self.get_context_data(split=form, refusal=error)
        return self.render_to_response(context, status=error.status)


class PayOut(ActionPage):
    """Refunds left with this line."""

    verb = "payments.pay_out"
    done = gettext_lazy("The refund is tied to the bank's line.")

    def run(self) -> BankLine:
        return pay_out(self.kwargs["line"], self.request.POST.getlist("refund"), by=self.request.user)

    def get_success_url(self) -> str:
        return reverse("payments:bank-line", args=[self.kwargs["line"]])


class UndoPayOut(PayOut):
    """A refund did not leave with this line."""

    done = gettext_lazy("Taken off the line; the refund waits to be seen at the bank.")

    def run(self) -> BankLine:
        return undo_pay_out(self.kwargs["line"], self.kwargs["refund"], self.request.POST.get("reason", "")[:300], by=self.request.user)
