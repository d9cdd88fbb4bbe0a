"""Who takes a post over and from when; which customers go to which other post."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from oms.accounts.models import User
from oms.web.forms import DayInput

VACANT = "-"


class HandOverForm(forms.Form):
    """The successor, or nobody; the first day; a note for the timeline."""

    successor = forms.ChoiceField(label=_("Goes to"))
    since = forms.DateField(label=_("From"), widget=DayInput, help_text=_("Today: at once. The days before stay with who held it."))
    note = forms.CharField(label=_("Note"), required=False, max_length=500, widget=forms.Textarea({"rows": 2}))

    def __init__(self, *args: Any, people: Iterable[User], holder_id: int | None, by_id: int, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [(str(u.pk), str(u)) for u in people if u.pk not in (holder_id, by_id)]
        vacant = [(VACANT, _("nobody: it stands vacant, its queue goes one post up"))] if holder_id else []
        self.fields["successor"].choices = [("", _("choose")), *offered, *vacant]
        self.fields["since"].initial = today

    @property
    def successor_id(self) -> int | None:
        """The chosen person, None for nobody."""
        chosen = self.cleaned_data["successor"]
        return None if chosen == VACANT else int(chosen)


class AssignForm(forms.Form):
    """Customers by their keys, and the post they go to."""

    customers = forms.TypedMultipleChoiceField(label=_("Customers"), coerce=int, widget=forms.CheckboxSelectMultiple)
    to = forms.TypedChoiceField(label=_("Go to the post"), coerce=int)
    note = forms.CharField(label=_("Note"), required=False, max_length=500)

    def __init__(self, *args: Any, customers: Iterable[Any], posts: Iterable[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["customers"].choices = [(c.id, c.name) for c in customers]
        self.fields["to"].choices = [("", _("choose")), *posts]

    @property
    def chosen(self) -> list[int]:
        """What is ticked, when the form is shown again."""
        given = self.data.getlist("customers") if hasattr(self.data, "getlist") else []
        return [int(x) for x in given if x.isdigit() and len(x) < 18]
