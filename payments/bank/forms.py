"""Forms of the bank: a statement's file, a line keyed by hand, what a line pays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.kernel.errors import Invalid
from oms.web.forms import DayInput, OnceForm, QuantityInput
from payments.bank.adapters import LARGEST
from payments.bank.adapters.csv_lines import amount_of
from payments.bank.domain import NewBankLine
from payments.bank.models import BankAccount

PREFIX, KEEP = "pay-", "keep-"


class AccountField(forms.ModelChoiceField):
    """One of our accounts, by its IBAN."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=BankAccount.objects.order_by("name"), to_field_name="iban", **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name} · {obj.iban} · {obj.currency_id}"


class ImportForm(forms.Form):
    """A file of the bank; the account only where the file does not say it."""

    file = forms.FileField(label=gettext_lazy("File"), help_text=gettext_lazy("MT940, CAMT.053, OFX, BAI2 or CSV, at most 32 MB."))
    account = AccountField(
        label=gettext_lazy("Account"), required=False, empty_label=gettext_lazy("As the file says"),
        help_text=gettext_lazy("CSV files do not name it."),
    )  # fmt: skip

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > LARGEST:
            raise forms.ValidationError(_("The file is larger than %(mb)s MB.") % {"mb": LARGEST // 2**20})
        return file


class AmountField(forms.CharField):
    """Money typed as people write it: 1,234.50 or 1.234,50. Signed, never 0."""

    widget = QuantityInput(decimals=True)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            return amount_of(text)
        except ValueError as error:
            raise forms.ValidationError(_("“%(text)s” is not an amount.") % {"text": text[:20]}) from error


class KeyLineForm(OnceForm):
    """A bank line as the bank's paper shows it."""

    account = AccountField(label=gettext_lazy("Account"), empty_label=None)
    value_date = forms.DateField(label=gettext_lazy("Value date"), widget=DayInput)
    amount = AmountField(label=gettext_lazy("Amount"), help_text=gettext_lazy("Minus for money that went out."))
    counterparty = forms.CharField(label=gettext_lazy("Payer"), max_length=200, required=False)
    counterparty_account = forms.CharField(label=gettext_lazy("Payer's account"), max_length=40, required=False)
    text = forms.CharField(label=gettext_lazy("Text"), max_length=500, required=False)
    bank_reference = forms.CharField(
        label=gettext_lazy("Bank's reference"), max_length=140, required=False,
        help_text=gettext_lazy("Tells equal lines of one day apart."),
    )  # fmt: skip

    def line(self) -> NewBankLine:
        """The line as the use case takes it."""
        data = self.cleaned_data
        return NewBankLine(
            booking_date=data["value_date"], value_date=data["value_date"], amount=data["amount"], text=data["text"],
            counterparty=data["counterparty"], counterparty_account=data["counterparty_account"].replace(" ", ""),
            bank_reference=data["bank_reference"],
        )  # fmt: skip


class RefundForm(forms.Form):
    """How much goes back, and why."""

    amount = AmountField(label=gettext_lazy("Amount"))
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300)


@dataclass
class Split:
    """What was typed: amounts by invoice number; what of the line this payer gets; what was left when the page was made."""

    customer: str
    typed: dict[str, str] = field(default_factory=dict)
    amount: str = ""
    shown: str = ""
    kept: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, post: Mapping[str, str]) -> Split:
        """From the posted fields `customer`, `amount`, `shown`, `pay-<invoice number>` and `keep-<invoice number>` (discount)."""
        typed = {name[len(PREFIX):]: text.strip() for name, text in post.items() if name.startswith(PREFIX) and text.strip()}
        kept = {name[len(KEEP):]: text.strip() for name, text in post.items() if name.startswith(KEEP) and text.strip()}
        return cls(post.get("customer", "").strip()[:60], typed, post.get("amount", "").strip(), post.get("shown", "").strip(), kept)

    def parts(self, ids: Mapping[str, int]) -> dict[int, Decimal]:
        """{invoice: amount} of what was typed other than 0; `ids` by number. Raises Invalid `bad_amount`, `unknown_invoice`."""
        found = {number: typed_amount(text, number) for number, text in self.typed.items()}
        missing = sorted(number for number, amount in found.items() if amount and number not in ids)
        if missing:
            raise Invalid(_("There is no invoice %(number)s.") % {"number": missing[0]}, code="unknown_invoice")
        return {ids[number]: amount for number, amount in found.items() if amount}

    def discounts(self, ids: Mapping[str, int]) -> dict[int, Decimal]:
        """{invoice: cash discount kept}; of invoices that are paid here only."""
        return {ids[number]: typed_amount(text, number) for number, text in self.kept.items() if number in ids}

    def whole(self) -> Decimal | None:
        """What of the line this payment is; None for all that is left."""
        return typed_amount(self.amount, _("the payment")) if self.amount else None

    def seen(self) -> Decimal | None:
        """What was left of the line when the page was made; None for a page that did not say."""
        return typed_amount(self.shown, _("the line")) if self.shown else None


def typed_amount(text: str, what: Any) -> Decimal:
    """An amount as typed; 0 is 0. Raises Invalid `bad_amount`."""
    if not text.strip("0.,"):
        return Decimal(0)
    try:
        return amount_of(text)
    except ValueError as error:
        raise Invalid(_("“%(text)s” for %(what)s is not an amount.") % {"text": text[:20], "what": what}, code="bad_amount") from error
