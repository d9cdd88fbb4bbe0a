"""What to charge, and on what."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy

from payments.billing.forms import MoneyField
from payments.providers.choices import ChargeKind


class ChargeForm(forms.Form):
    """Kind, the provider's token, the amount."""

    kind = forms.ChoiceField(label=gettext_lazy("By"), choices=ChargeKind.choices)
    token = forms.CharField(label=gettext_lazy("Card or mandate"), max_length=120, help_text=gettext_lazy("As the provider names it; never a card's number."))
    amount = MoneyField(label=gettext_lazy("Amount"))
