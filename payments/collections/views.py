"""Pages of collection receipts. Each action calls one use case."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Case, F, Q, When
from django.urls import reverse, reverse_lazy
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.parties.models import Customer
from customers.territory.selectors import customer_filter
from oms.accounts.policies import may
from oms.events.selectors import timeline
from oms.kernel.errors import Invalid, NotFound
from oms.web import words
from oms.web.views import ActionPage, FormPage, ListPage, Page
from payments.bank.selectors import lines_holding
from payments.billing.forms import MoneyField
from payments.collections.forms import ReceiptForm
from payments.collections.models import CollectionReceipt
from payments.collections.selectors import visible_receipts
from payments.collections.services import (
    bank_receipt,
    bounce_cheque,
    deposit_cheque,
    issue_receipt,
    propose_loss,
)
from payments.collections.tables import ReceiptTable

RECEIPTS = (gettext_lazy("Collection receipts"), reverse_lazy("payments:receipt-list"))
WAITS = Q(state__in=["hand", "deposited"])


class ReceiptList(ListPage):
    """Receipts one may see: what is not on the bank yet first, the oldest on top."""

    verb = "payments.view_receipts"
    title = gettext_lazy("Collection receipts")
    template_name = "payments/collections/receipt_list.html"
    table_class = ReceiptTable

    def get_queryset(self) -> Any:
        rows = visible_receipts(self.request.user)
        return rows.order_by(Case(When(WAITS, then=0), default=1), Case(When(WAITS, then=F("received_date"))), "-pk")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(issues=may(self.request.user, "payments.issue_receipt"), **kwargs)


class IssueReceipt(FormPage):
    """A receipt for money taken."""

    verb = "payments.issue_receipt"
    title = gettext_lazy("Give a receipt")
    crumbs = (RECEIPTS,)
    form_class = ReceiptForm
    main_label = gettext_lazy("Give the receipt")

    def get_initial(self) -> dict[str, Any]:
        return {"received": date.today()}

    def run(self, form: ReceiptForm) -> CollectionReceipt:
        data = form.cleaned_data
        code = data["customer"].replace("\x00", "").strip()
        customer = Customer.objects.filter(customer_filter(self.request.user), code__iexact=code).first()
        if customer is None:
            message = _("There is no such customer of yours.")
            raise Invalid(message, code="customer_missing", errors=[{"field": "customer", "message": message}])
        return issue_receipt(customer.pk, data["amount"], data["method"], cheque_number=data["cheque_number"],
                             cheque_bank=data["cheque_bank"], received=data["received"], by=self.request.user)

    def get_success_url(self) -> str:
        return reverse("payments:receipt-detail", args=[self.result.number])

    def get_done_message(self) -> str:
        return _("Receipt %(number)s is given.") % {"number": self.result.number}


class ReceiptMixin:
    """The receipt of the URL, within the row filter."""

    @cached_property
    def receipt(self) -> CollectionReceipt:
        number = self.kwargs["number"]  # type: ignore[attr-defined]
        found = visible_receipts(self.request.user).filter(number=number).first() if "\x00" not in number else None  # type: ignore[attr-defined]
        if found is None:
            raise NotFound(_("There is no receipt %(number)s.") % {"number": number})
        return found

    def get_success_url(self) -> str:
        return reverse("payments:receipt-detail", args=[self.kwargs["number"]])  # type: ignore[attr-defined]


class ReceiptDetail(ReceiptMixin, Page):
    """One receipt: who holds the money, the bank lines that may close it, what became of it."""

    verb = "payments.view_receipts"
    crumbs = (RECEIPTS,)
    template_name = "payments/collections/receipt_detail.html"

    def get_title(self) -> str:
        return self.receipt.number

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        kwargs.pop("number", None)
        receipt, user = self.receipt, self.request.user
        waits = receipt.state in ("hand", "deposited")
        banks = may(user, "payments.bank_receipt")
        lines = lines_holding(receipt.currency_id, receipt.amount) if banks and waits else []
        return super().get_context_data(
            receipt=receipt, waits=waits, banks=banks, days=(date.today() - receipt.received_date).days,
            lines=lines,
            bounces=banks and receipt.state == "banked" and receipt.method == "cheque",
            timeline=words.entries(timeline("receipt", receipt.pk)), **kwargs,
        )  # fmt: skip


class ReceiptAction(ReceiptMixin, ActionPage):
    """An action on the receipt of the URL."""

    @property
    def reason(self) -> str:
        return self.request.POST.get("reason", "")[:300]


class DepositCheque(ReceiptAction):
    """The cheque went to the bank."""

    verb = "payments.bank_receipt"
    done = gettext_lazy("Deposited: it waits for the bank's line.")

    def run(self) -> Any:
        return deposit_cheque(self.receipt.pk, by=self.request.user)


class BankReceipt(ReceiptAction):
    """Close the receipt by a bank line; the money stands on the account until it is applied."""

    verb = "payments.bank_receipt"
    done = gettext_lazy("On the bank: the money stands on the account; apply it on the payment's page.")

    def run(self) -> Any:
        line = self.request.POST.get("line", "")
        if not line.isdecimal() or len(line) > 15:
            raise Invalid(_("Choose the bank's line."), code="line_missing")
        return bank_receipt(self.receipt.pk, int(line), {}, by=self.request.user)


class BounceCheque(ReceiptAction):
    """The bank returned the cheque."""

    verb = "payments.bank_receipt"
    done = gettext_lazy("Bounced: its invoices are open again and the account is blocked.")

    def run(self) -> Any:
        charge: Decimal | None = MoneyField(required=False).clean(self.request.POST.get("fee", ""))
        return bounce_cheque(self.receipt.pk, self.reason, charge=charge, by=self.request.user)


class ProposeLoss(ReceiptAction):
    """The money is lost: a manager confirms it."""

    verb = "payments.propose_loss"
    done = gettext_lazy("Proposed. The receipt is closed once a manager confirms it.")

    def run(self) -> Any:
        return propose_loss(self.receipt.pk, self.reason, by=self.request.user)
