"""Forms of channels: a file sent by hand."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from orders.channels.models import TradingPartner
from orders.channels.selectors import visible_partners


class SendForm(forms.Form):
    """Whose message it is, and the file."""

    partner = forms.ModelChoiceField(queryset=TradingPartner.objects.none(), to_field_name="code", label=_("From"))
    file = forms.FileField(label=_("File"), help_text=_("as the partner wrote it; it is kept byte for byte"))
    topic = forms.CharField(label=_("Event"), required=False, max_length=60, help_text=_("of a shop only: orders/create, order.updated …"))

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["partner"].queryset = visible_partners(user).filter(active=True).order_by("name")
