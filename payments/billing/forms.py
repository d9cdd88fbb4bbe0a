"""Forms of billing: an amount with its reason, a credit note by lines, a dispute, a fee."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.web.forms import QuantityInput
from payments.billing.domain import LinePart

LINE = "line-"


class MoneyField(forms.CharField):
    """An amount typed with or without grouping, above 0; None when it may be empty and is."""

    widget = QuantityInput(decimals=True)

    def clean(self, value: Any) -> Any:
        text = super().clean(value).replace(",", "").replace(" ", "").replace("\u00a0", "")
        if not text:
            return None
        try:
            found = Decimal(text)
        except InvalidOperation as error:
            raise forms.ValidationError(_("“%(text)s” is not an amount.") % {"text": text[:20]}) from error
        if not found.is_finite() or found <= 0:
            raise forms.ValidationError(_("An amount above 0."))
        return found


class AmountForm(forms.Form):
    """An amount and why."""

    amount = MoneyField(label=gettext_lazy("Amount"))
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300)


class CreditForm(forms.Form):
    """What to credit: quantities of lines, or an amount with tax."""

    amount = MoneyField(label=gettext_lazy("Amount with tax"), required=False, help_text=gettext_lazy("Or quantities of lines, not both."))
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300)

    def __init__(self, *args: Any, parts: list[tuple[LinePart, str, int]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for part, name, left in parts:
            self.fields[f"{LINE}{part.line_id}"] = forms.IntegerField(
                label=name, required=False, min_value=0, max_value=left,
                help_text=_("%(left)s can be credited") % {"left": left},
            )  # fmt: skip
        self.order_fields([*[f"{LINE}{part.line_id}" for part, _name, _left in parts], "amount", "reason"])

    def quantities(self) -> dict[int, int] | None:
        """{invoice line: quantity} of what was typed."""
        found = {int(n[len(LINE):]): v for n, v in self.cleaned_data.items() if n.startswith(LINE) and v}
        return found or None


class DisputeForm(forms.Form):
    """What the customer contests."""

    amount = MoneyField(label=gettext_lazy("Contested amount"), required=False, help_text=gettext_lazy("Empty: the whole invoice."))
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300)
