"""Forms of balance confirmations."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.web.forms import DayInput, QuantityInput


class AskForm(forms.Form):
    """Of which day, and whom."""

    day = forms.DateField(label=gettext_lazy("At the end of"), widget=DayInput)
    customers = forms.CharField(
        label=gettext_lazy("Customers' codes"), required=False, max_length=2_000,
        help_text=gettext_lazy("Empty: everybody who owes something, or moved within a year."),
    )  # fmt: skip

    def codes(self) -> list[str] | None:
        """The codes typed, apart by commas or blanks; None for everybody."""
        text = self.cleaned_data["customers"].replace("\x00", "").replace(",", " ").split()
        return [code.upper() for code in text] or None


class AnswerForm(forms.Form):
    """What the customer's books say, and who says so."""

    AGREES, OTHER = "agrees", "other"
    answer = forms.ChoiceField(
        label=gettext_lazy("What do your books say?"), widget=forms.RadioSelect,
        choices=[(AGREES, gettext_lazy("The same amount")), (OTHER, gettext_lazy("Another amount"))],
    )  # fmt: skip
    said = forms.CharField(
        label=gettext_lazy("The amount in your books"), required=False, max_length=30, widget=QuantityInput(decimals=True),
        help_text=gettext_lazy("Only for another amount. With a minus when we owe it to you."),
    )  # fmt: skip
    remark = forms.CharField(label=gettext_lazy("Where the difference comes from"), required=False, max_length=2_000, widget=forms.Textarea(attrs={"rows": 3}))
    said_by = forms.CharField(label=gettext_lazy("Your name"), max_length=200)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("answer") == self.OTHER:
            text = data.get("said", "").replace(",", "").replace(" ", "").replace("\u00a0", "").replace("\u2212", "-")
            try:
                data["amount"] = Decimal(text)
            except InvalidOperation:
                self.add_error("said", _("Say which amount your books show."))
        return data

    def amount(self, ours: Decimal) -> Decimal:
        """What was said, `ours` when it agrees."""
        return self.cleaned_data["amount"] if self.cleaned_data["answer"] == self.OTHER else ours
