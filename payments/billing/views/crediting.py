"""Pages of credit notes, write-offs, refunds, fees and disputes. Each action calls one use case."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse, reverse_lazy
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.accounts.policies import may
from oms.company.selectors import company
from oms.events.selectors import timeline
from oms.kernel.errors import Invalid, NotFound
from oms.web import words
from oms.web.documents import pdf, pdf_response
from oms.web.format import money
from oms.web.views import ActionPage, FormPage, ListPage, Page
from payments.billing.documents import credit_note_data
from payments.billing.forms import AmountForm, CreditForm, DisputeForm
from payments.billing.models import CreditNote
from payments.billing.selectors import credited_parts, invoice_parts, open_invoices, visible_credit_notes
from payments.billing.services import (
    apply_credit,
    charge_fee,
    dispute_invoice,
    propose_credit,
    propose_refund,
    propose_write_off,
    settle_dispute,
)
from payments.billing.tables import CreditNoteTable
from payments.billing.views.receivables import INVOICES, AccountMixin, InvoiceMixin

CREDITS = (gettext_lazy("Credit notes"), reverse_lazy("payments:credit-note-list"))
PROPOSED = gettext_lazy("Proposed. It is posted once a second person confirms it.")


class InvoiceForm(InvoiceMixin, FormPage):
    """A form about one invoice."""

    @property
    def crumbs(self) -> Any:  # type: ignore[override]
        return (INVOICES, (self.invoice.number, self.get_success_url()))

    def get_success_url(self) -> str:
        return reverse("payments:invoice-detail", args=[self.kwargs["invoice"]])


class ProposeCredit(InvoiceForm):
    """A credit note by quantities or by amount; a manager confirms it."""

    verb = "payments.propose_credit"
    title = gettext_lazy("Propose a credit note")
    form_class = CreditForm
    main_label = gettext_lazy("Propose")
    done = PROPOSED

    def get_form_kwargs(self) -> dict[str, Any]:
        taken: dict[int | None, int] = {}
        for p in credited_parts(self.invoice.pk):
            taken[p.line_id] = taken.get(p.line_id, 0) + p.quantity
        names = {x.pk: f"{x.description} {x.sku}".strip() for x in self.invoice.lines.all()}
        parts = [(p, names[p.line_id], p.quantity - taken.get(p.line_id, 0)) for p in invoice_parts(self.invoice.pk)[:100]]
        return {**super().get_form_kwargs(), "parts": [row for row in parts if row[2] > 0]}

    def run(self, form: CreditForm) -> Any:
        data = form.cleaned_data
        return propose_credit(self.invoice.pk, data["reason"], quantities=form.quantities(), amount=data["amount"], by=self.request.user)


class ProposeWriteOff(InvoiceForm):
    """Give up what is open, or a part of it."""

    verb = "payments.propose_write_off"
    title = gettext_lazy("Propose a write-off")
    form_class = AmountForm
    main_label = gettext_lazy("Propose")
    done = PROPOSED

    def get_initial(self) -> dict[str, Any]:
        return {"amount": money(self.invoice.open_amount, self.invoice.currency_id)}

    def run(self, form: AmountForm) -> Any:
        return propose_write_off(self.invoice.pk, form.cleaned_data["amount"], form.cleaned_data["reason"], by=self.request.user)


class DisputeInvoice(InvoiceForm):
    """The customer contests the invoice: reminders stop."""

    verb = "payments.dispute"
    title = gettext_lazy("Dispute an invoice")
    form_class = DisputeForm
    main_label = gettext_lazy("Dispute")
    done = gettext_lazy("The invoice is disputed; no reminders are sent until finance settles it.")

    def run(self, form: DisputeForm) -> Any:
        return dispute_invoice(self.invoice.pk, form.cleaned_data["reason"], amount=form.cleaned_data["amount"], by=self.request.user)


class SettleDispute(InvoiceMixin, ActionPage):
    """The dispute is over."""

    verb = "payments.settle_dispute"
    done = gettext_lazy("The dispute is settled.")

    def run(self) -> Any:
        return settle_dispute(self.invoice.pk, self.request.POST.get("reason", "")[:300], by=self.request.user)

    def get_success_url(self) -> str:
        return reverse("payments:invoice-detail", args=[self.kwargs["invoice"]])


class ChargeFee(AccountMixin, FormPage):
    """A fee by hand: an invoice without goods, due at once."""

    verb = "payments.charge_fee"
    title = gettext_lazy("Charge a fee")
    form_class = AmountForm
    main_label = gettext_lazy("Charge")
    done = gettext_lazy("The fee is invoiced.")

    def run(self, form: AmountForm) -> int:
        return charge_fee(self.account.payer_id, form.cleaned_data["amount"], form.cleaned_data["reason"], by=self.request.user)

    def get_success_url(self) -> str:
        return reverse("payments:account-detail", args=[self.kwargs["customer"]])


class CreditNoteList(ListPage):
    """Credit notes and deductions one may see, newest first."""

    verb = "payments.view_invoices"
    title = gettext_lazy("Credit notes")
    table_class = CreditNoteTable

    def get_queryset(self) -> Any:
        return visible_credit_notes(self.request.user).order_by("-credit_date", "-pk")


class CreditNoteMixin:
    """The credit note of the URL, within the row filter."""

    @cached_property
    def note(self) -> CreditNote:
        number = self.kwargs["number"]  # type: ignore[attr-defined]
        rows = visible_credit_notes(self.request.user).prefetch_related("lines__invoice_line", "customer__addresses")  # type: ignore[attr-defined]
        found = rows.filter(number=number).first() if "\x00" not in number else None
        if found is None:
            raise NotFound(_("There is no credit note %(number)s.") % {"number": number})
        return found

    def get_success_url(self) -> str:
        return reverse("payments:credit-note-detail", args=[self.kwargs["number"]])  # type: ignore[attr-defined]


class CreditNoteDetail(CreditNoteMixin, Page):
    """One credit note: what it credits, what was used of it, what is left."""

    verb = "payments.view_invoices"
    crumbs = (CREDITS,)
    template_name = "payments/billing/credit_note_detail.html"

    def get_title(self) -> str:
        return self.note.number

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        kwargs.pop("number", None)  # the URL's
        note, user = self.note, self.request.user
        uses = note.left > 0 and may(user, "payments.apply")
        return super().get_context_data(
            note=note, lines=list(note.lines.all()), applications=list(note.applications.select_related("invoice").order_by("pk")),
            refunds=list(note.refunds.order_by("pk")), refundable=note.left > 0 and may(user, "payments.propose_refund"),
            rows=list(open_invoices().filter(account_id=note.account_id)[:50]) if uses else [],
            timeline=words.entries(timeline("credit_note", note.pk)) if may(user, "payments.view_receivables") else [], **kwargs,
        )  # fmt: skip


class CreditNotePdf(CreditNoteMixin, Page):
    """The credit note on paper."""

    verb = "payments.view_invoices"
    http_method_names = ["get"]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return pdf_response(self.note.number, pdf("payments/billing/invoice.typ", credit_note_data(self.note, company())))


class ApplyCredit(CreditNoteMixin, ActionPage):
    """Use what is left of a credit note for one invoice of its account."""

    verb = "payments.apply"
    done = gettext_lazy("Applied.")

    def run(self) -> Any:
        target = open_invoices().filter(account_id=self.note.account_id, number=self.request.POST.get("invoice", "")[:20]).first()
        if target is None:
            raise Invalid(_("Choose an open invoice of the account."), code="nothing_to_apply")
        part: Decimal = min(self.note.left, target.open_amount)
        return apply_credit(self.note.pk, {target.pk: part}, by=self.request.user)


class ProposeRefund(CreditNoteMixin, FormPage):
    """Pay back what is left of a credit note; a manager confirms it."""

    verb = "payments.propose_refund"
    title = gettext_lazy("Propose a refund")
    crumbs = (CREDITS,)
    form_class = AmountForm
    main_label = gettext_lazy("Propose")
    done = PROPOSED

    def get_initial(self) -> dict[str, Any]:
        return {"amount": money(self.note.left, self.note.currency_id)}

    def run(self, form: AmountForm) -> Any:
        return propose_refund(self.note.pk, form.cleaned_data["amount"], form.cleaned_data["reason"], by=self.request.user)
