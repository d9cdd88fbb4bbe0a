"""What is noted about a customer."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.parties.models import Contact
from customers.relations.choices import ActivityKind
from oms.web.forms import DayInput


class ActivityForm(forms.Form):
    """A note, a call or a visit, and perhaps what is to be done and when."""

    kind = forms.ChoiceField(label=_("What"), choices=ActivityKind.choices)
    happened_on = forms.DateField(label=_("Day"), widget=DayInput)
    contact = forms.ChoiceField(label=_("With"), required=False)
    follow_up_date = forms.DateField(label=_("To be followed up on"), widget=DayInput, required=False)
    text = forms.CharField(label=_("What was said"), widget=forms.Textarea({"rows": 3}), max_length=4_000)

    def __init__(self, *args: Any, customer_id: int, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        contacts = Contact.objects.filter(customer_id=customer_id).order_by("name").values_list("pk", "name")
        self.fields["contact"].choices = [("", _("nobody in particular")), *((str(pk), name) for pk, name in contacts)]
        self.fields["happened_on"].initial = today
