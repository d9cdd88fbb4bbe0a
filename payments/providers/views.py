"""Pages of charges: ask from an invoice's page, capture or give up, tie to the bank's line, take back. Each calls one use case."""

from __future__ import annotations

from typing import Any

from django.urls import reverse, reverse_lazy
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.accounts.policies import may
from oms.events.selectors import timeline
from oms.kernel.errors import Invalid, NotFound
from oms.web import words
from oms.web.format import money
from oms.web.views import ActionPage, FormPage, ListPage, Page
from payments.bank.selectors import lines_holding
from payments.billing.models import Invoice
from payments.billing.selectors import visible_invoices
from payments.providers.forms import ChargeForm
from payments.providers.models import ProviderCharge
from payments.providers.selectors import left_of, refunds_through, visible_charges
from payments.providers.services import (
    ask_charge,
    bank_charge,
    capture_charge,
    charge_returned,
    give_back,
    void_charge,
)
from payments.providers.tables import ChargeTable

CHARGES = (gettext_lazy("Cards and debits"), reverse_lazy("payments:charge-list"))


class ChargeList(ListPage):
    """Every charge, the latest first."""

    verb = "payments.view_charges"
    title = gettext_lazy("Cards and debits")
    table_class = ChargeTable

    def get_queryset(self) -> Any:
        return visible_charges(self.request.user).order_by("-pk")


class ChargeMixin:
    """The charge of the URL, within the row filter."""

    @cached_property
    def charge(self) -> ProviderCharge:
        number = self.kwargs["charge"]  # type: ignore[attr-defined]
        found = visible_charges(self.request.user).filter(number=number).first() if "\x00" not in number else None  # type: ignore[attr-defined]
        if found is None:
            raise NotFound(_("There is no charge %(number)s.") % {"number": number})
        return found

    def get_success_url(self) -> str:
        return reverse("payments:charge-detail", args=[self.kwargs["charge"]])  # type: ignore[attr-defined]


class ChargeDetail(ChargeMixin, Page):
    """One charge: what the provider said, the bank's lines that may show it."""

    verb = "payments.view_charges"
    crumbs = (CHARGES,)
    template_name = "payments/providers/charge_detail.html"

    def get_title(self) -> str:
        return self.charge.number

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        kwargs.pop("charge", None)  # the URL's number
        charge, charges = self.charge, may(self.request.user, "payments.charge")
        lines = lines_holding(charge.currency_id, charge.amount) if charges and charge.state == "captured" else []
        back = list(charge.given_back.select_related("refund").order_by("pk"))
        waits = refunds_through(charge) if charges and charge.state == "paid" else []
        return super().get_context_data(charge=charge, charges=charges, lines=lines, back=back, waits=waits, left=left_of(charge), timeline=words.entries(timeline("charge", charge.pk)), **kwargs)


class Ask(FormPage):
    """Charge an invoice's customer."""

    verb = "payments.charge"
    title = gettext_lazy("Charge a card or debit")
    crumbs = (CHARGES,)
    form_class = ChargeForm
    main_label = gettext_lazy("Charge")

    @cached_property
    def invoice(self) -> Invoice:
        number = self.kwargs["invoice"]
        found = visible_invoices(self.request.user).filter(number=number).first() if "\x00" not in number else None
        if found is None:
            raise NotFound(_("There is no invoice %(number)s.") % {"number": number})
        return found

    def get_initial(self) -> dict[str, Any]:
        return {"amount": money(self.invoice.open_amount, self.invoice.currency_id)}

    def run(self, form: ChargeForm) -> ProviderCharge:
        data = form.cleaned_data
        return ask_charge(self.invoice.pk, data["kind"], data["token"], data["amount"], by=self.request.user)

    def get_success_url(self) -> str:
        return reverse("payments:charge-detail", args=[self.result.number])

    def get_done_message(self) -> str:
        return _("The provider is asked.")


class Capture(ChargeMixin, ActionPage):
    """Take what was authorised."""

    verb = "payments.charge"
    done = gettext_lazy("The provider takes it.")

    def run(self) -> Any:
        return capture_charge(self.charge.pk, by=self.request.user)


class GiveUp(ChargeMixin, ActionPage):
    """Take nothing of what was authorised."""

    verb = "payments.charge"
    done = gettext_lazy("The provider gives it up.")

    def run(self) -> Any:
        return void_charge(self.charge.pk, by=self.request.user)


class Bank(ChargeMixin, ActionPage):
    """The bank shows it."""

    verb = "payments.charge"
    done = gettext_lazy("It is paid: the bank shows it.")

    def run(self) -> Any:
        line = self.request.POST.get("line", "")
        if not line.isdecimal() or len(line) > 15:
            raise Invalid(_("Choose the bank's line."), code="line_missing")
        return bank_charge(self.charge.pk, int(line), by=self.request.user)


class Returned(ChargeMixin, ActionPage):
    """The customer's bank took it back."""

    verb = "payments.charge"
    done = gettext_lazy("Returned: the invoice is open again.")

    def run(self) -> Any:
        return charge_returned(self.charge.pk, self.request.POST.get("reason", "")[:300], by=self.request.user)


class GiveBack(ChargeMixin, ActionPage):
    """A decided refund goes back the way the money came."""

    verb = "payments.charge"
    done = gettext_lazy("The provider is asked to give it back.")

    def run(self) -> Any:
        return give_back(self.charge.pk, self.request.POST.get("refund", "").replace("\x00", "")[:20], by=self.request.user)
