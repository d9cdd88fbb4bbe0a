"""Forms of credit: lower a limit, propose terms."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.web.forms import DayInput, QuantityInput


class LimitField(forms.CharField):
    """A limit typed with or without grouping: 12,000 or 12000.50; 0 is a limit."""

    widget = QuantityInput(decimals=True)

    def clean(self, value: Any) -> Any:
        text = super().clean(value).replace(",", "").replace(" ", "").replace("\u00a0", "")
        try:
            return Decimal(text)
        except InvalidOperation as error:
            raise forms.ValidationError(_("“%(text)s” is not an amount.") % {"text": text[:20]}) from error


class LowerForm(forms.Form):
    """A lower limit, in force at once."""

    limit = LimitField(label=gettext_lazy("New limit"))
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300)


class ProposeForm(forms.Form):
    """Terms that a second person puts into force."""

    limit = LimitField(label=gettext_lazy("Limit"))
    expires = forms.DateField(
        label=gettext_lazy("Last day"), required=False, widget=DayInput, help_text=gettext_lazy("Empty: until it is changed.")
    )
    share = forms.DecimalField(
        label=gettext_lazy("Of it orders may use, %"), required=False, min_value=0, max_value=100, decimal_places=2, widget=QuantityInput(decimals=True)
    )
    days = forms.IntegerField(label=gettext_lazy("Held when overdue for more days than"), required=False, min_value=0, max_value=999, widget=QuantityInput())
    overdue = forms.DecimalField(
        label=gettext_lazy("Held when more is overdue than"), required=False, min_value=0, decimal_places=3, widget=QuantityInput(decimals=True),
        help_text=gettext_lazy("Empty: the days alone."),
    )  # fmt: skip
    unblock = forms.BooleanField(label=gettext_lazy("Unblock the account"), required=False)
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300)


    @property
    def rules(self) -> dict[str, Any]:
        """The other terms as the use case takes them; what was not on the form stays."""
        data = self.cleaned_data
        found: dict[str, Any] = {"max_amount_overdue": data["overdue"]} if "overdue" in self.data else {}
        if data["share"] is not None:
            found["limit_share"] = data["share"] / 100
        return found if data["days"] is None else {**found, "max_days_overdue": data["days"]}
