"""What is mailed, how often, in which format."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy

from reporting.scheduled.choices import Cadence, FileFormat


class ScheduleForm(forms.Form):
    """The page's address is hidden: one comes from the page itself."""

    path = forms.CharField(widget=forms.HiddenInput, max_length=1_000)
    title = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    cadence = forms.ChoiceField(label=gettext_lazy("When"), choices=Cadence.choices)
    file_format = forms.ChoiceField(label=gettext_lazy("File"), choices=FileFormat.choices)
