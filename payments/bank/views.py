"""Pages of the bank: lines, statements, a file in, a line by hand, matching, payments. Each action calls one use case."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse, reverse_lazy
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from oms.accounts.policies import may
from oms.events.selectors import timeline
from oms.kernel.errors import Invalid, NotFound, OMSError
from oms.web import navigation, words
from oms.web.format import money
from oms.web.forms import Option
from oms.web.views import ActionPage, FormPage, ListPage, OptionsView, Page, RefusalMixin
from payments.bank.domain import divided
from payments.bank.filters import LineFilterSet
from payments.bank.forms import ImportForm, KeyLineForm, RefundForm, Split
from payments.bank.models import BankLine, BankStatement, Payment
from payments.bank.selectors import (
    batch_of,
    gaps,
    line_rows,
    next_line,
    offers,
    open_lines,
    paid_ahead,
    payable,
    payer,
    payers_like,
    payments_of,
    progress,
    queue_around,
    standing_of,
    statements,
    visible_payments,
)
from payments.bank.services import (
    Imported,
    apply_line,
    apply_rest,
    free_deposit,
    import_statement,
    propose_payment_refund,
    record_bank_line,
    release_statement,
    reverse_payment,
    try_statement,
)
from payments.bank.tables import LineTable, StatementTable
from payments.billing.models import Invoice, ProForma
from payments.billing.selectors import open_invoices, open_pro_formas

BANK = (gettext_lazy("Bank"), reverse_lazy("payments:bank-lines"))
STATEMENTS = (gettext_lazy("Statements"), reverse_lazy("payments:statement-list"))
SPLIT_SHOWN = 200


class LineList(ListPage):
    """Every bank line, those to match first."""

    verb = "payments.view_bank"
    title = gettext_lazy("Bank")
    template_name = "payments/bank/line_list.html"
    table_class = LineTable
    filterset_class = LineFilterSet

    def get_queryset(self) -> Any:
        return line_rows()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        waits = progress(open_lines())
        return super().get_context_data(waits=waits, applies=may(self.request.user, "payments.apply"), **kwargs)


class StatementList(ListPage):
    """Statements and how far each is matched."""

    verb = "payments.view_bank"
    title = gettext_lazy("Statements")
    crumbs = (BANK,)
    template_name = "payments/bank/statement_list.html"
    table_class = StatementTable

    def get_queryset(self) -> Any:
        return statements()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(imports=may(self.request.user, "payments.import_statement"), **kwargs)


class StatementDetail(ListPage):
    """One statement: its balances, whether they add up, its lines."""

    verb = "payments.view_bank"
    crumbs = (BANK, STATEMENTS)
    template_name = "payments/bank/statement_detail.html"
    table_class = LineTable
    filterset_class = LineFilterSet

    @cached_property
    def statement(self) -> BankStatement:
        found = statements().select_related("account", "release").filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise NotFound(_("There is no such statement."))
        return found

    def get_title(self) -> str:
        return _("Statement %(number)s") % {"number": self.statement.number}

    def get_queryset(self) -> Any:
        return line_rows().filter(statement_id=self.statement.pk)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        statement = self.statement
        released = getattr(statement, "release", None)
        missing = None if released else statement.difference or gaps([statement.pk]).get(statement.pk)
        return super().get_context_data(
            statement=self.statement, missing=missing, released=released, releases=bool(missing or statement.flaw and not released) and may(self.request.user, "payments.release_statement"), **kwargs
        )


class ReleaseStatement(ActionPage):
    """A quarantined statement stands as it is."""

    verb = "payments.release_statement"
    done = gettext_lazy("The statement is released: its lines may post by rule.")

    def run(self) -> Any:
        return release_statement(self.kwargs["pk"], self.request.POST.get("reason", "")[:300], by=self.request.user)

    def get_success_url(self) -> str:
        return reverse("payments:statement-detail", args=[self.kwargs["pk"]])


class ImportStatement(FormPage):
    """A file of the bank comes in, whole or not at all; `try` only says what it would bring."""

    verb = "payments.import_statement"
    title = gettext_lazy("Import a statement")
    crumbs = (BANK, STATEMENTS)
    form_class = ImportForm
    main_label = gettext_lazy("Import")
    template_name = "payments/bank/import.html"

    def form_valid(self, form: ImportForm) -> HttpResponse:
        if "try" not in self.request.POST:
            return super().form_valid(form)
        try:
            tried = self.run(form, only_try=True)
        except OMSError as error:
            return self.refuse(error, form)
        return self.render_to_response(self.get_context_data(form=form, tried=brought(tried)))

    def run(self, form: ImportForm, only_try: bool = False) -> Imported:
        file, account = form.cleaned_data["file"], form.cleaned_data["account"]
        do = try_statement if only_try else import_statement
        return do(file.read(), file.name or "", by=self.request.user, account_id=account and account.pk)

    def get_done_message(self) -> str:
        return " ".join(brought(self.result))

    def get_success_url(self) -> str:
        found = self.result.statements
        return reverse("payments:statement-detail", args=[found[0]]) if len(found) == 1 else reverse("payments:statement-list")


def brought(result: Imported) -> list[str]:
    """What a file brought, in sentences."""
    said = [
        ngettext("%(n)s new line.", "%(n)s new lines.", result.new) % {"n": result.new}
        if result.new or not result.known
        else _("Nothing new: the file came in before.")
    ]
    if result.known:
        said.append(ngettext("%(n)s line was known.", "%(n)s lines were known.", result.known) % {"n": result.known})
    for number, difference in result.differences:
        said.append(_("Statement %(number)s does not add up by %(amount)s.") % {"number": number, "amount": money(difference)})
    said += [_("Statement %(number)s: %(flaw)s.") % {"number": number, "flaw": flaw} for number, flaw in result.flaws]
    return said


class KeyLine(FormPage):
    """A bank line by hand."""

    verb = "payments.record_bank_line"
    title = gettext_lazy("Key a bank line")
    crumbs = (BANK,)
    form_class = KeyLineForm
    main_label = gettext_lazy("Record")

    def get_initial(self) -> dict[str, Any]:
        return {"value_date": date.today()}

    def run(self, form: KeyLineForm) -> int:
        return record_bank_line(form.cleaned_data["account"].pk, form.line(), by=self.request.user)

    def get_success_url(self) -> str:
        return reverse("payments:bank-line", args=[self.result])

    def get_done_message(self) -> str:
        return _("The line is recorded.")


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


def payable_of(account_id: int) -> list[Invoice | ProForma]:
    """What an account may pay: pro formas that orders wait for, then open invoices, the oldest due first."""
    return [*open_pro_formas().filter(account_id=account_id), *open_invoices().filter(account_id=account_id)[:SPLIT_SHOWN]]


def split_rows(invoices: Sequence[Invoice | ProForma], typed: dict[str, str], currency: str) -> list[dict[str, Any]]:
    """The open invoices of one account with what is typed for each."""
    return [{"invoice": x, "value": typed.get(x.number, ""), "currency": currency} for x in invoices]


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
            applies=may(self.request.user, "payments.apply"), **kwargs,
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
            payment=payment, applications=standing_of(payment), ahead=paid_ahead(payment), timeline=words.entries(timeline("payment", payment.pk)),
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
