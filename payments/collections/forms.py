"""Form of a collection receipt."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy

from oms.web.forms import DayInput
from payments.billing.forms import MoneyField
from payments.collections.models import CollectionReceipt


class ReceiptForm(forms.Form):
    """What was taken, of whom, how."""

    customer = forms.CharField(label=gettext_lazy("Customer's code"), max_length=20)
    amount = MoneyField(label=gettext_lazy("Amount"))
    method = forms.ChoiceField(label=gettext_lazy("How"), choices=CollectionReceipt.Method.choices)
    cheque_number = forms.CharField(label=gettext_lazy("Cheque's number"), max_length=40, required=False)
    cheque_bank = forms.CharField(label=gettext_lazy("Cheque's bank"), max_length=100, required=False)
    received = forms.DateField(label=gettext_lazy("Received"), widget=DayInput)
