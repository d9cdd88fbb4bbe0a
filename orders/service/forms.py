"""What is typed about cases."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.parties.models import Contact
from orders.service.choices import CaseKind, Channel, Direction, Priority
from orders.service.services import NewFile
from orders.service.services.opening import LONGEST, TITLE


class ManyFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class ManyFiles(forms.FileField):
    """Several files in one field."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=ManyFilesInput(attrs={"multiple": True}), **kwargs)

    def clean(self, data: Any, initial: Any = None) -> list[NewFile]:
        one = super().clean
        return [NewFile(f.name, f.read()) for each in (data or []) if (f := one(each, initial))]


class CaseForm(forms.Form):
    """A new case. What it is about comes from the page one was on; here one says what it is."""

    kind = forms.ChoiceField(label=_("Kind"), choices=CaseKind.choices)
    title = forms.CharField(label=_("In a few words"), max_length=TITLE)
    text = forms.CharField(label=_("What the customer says"), widget=forms.Textarea({"rows": 5}), max_length=LONGEST)
    channel = forms.ChoiceField(label=_("Came by"), choices=Channel.choices)
    contact = forms.ChoiceField(label=_("Who"), required=False)
    line = forms.ChoiceField(label=_("Order line"), required=False)
    priority = forms.ChoiceField(label=_("Priority"), choices=Priority.choices, initial=Priority.NORMAL)
    amount = forms.DecimalField(label=_("Amount claimed"), required=False, min_value=Decimal("0.01"), max_digits=15, decimal_places=2, help_text=_("Of a claim, gross"))
    files = ManyFiles(label=_("Files"), required=False, help_text=_("At most five, 5 MB each"))

    def __init__(self, *args: Any, customer_id: int, lines: Iterable[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        contacts = Contact.objects.filter(customer_id=customer_id).order_by("name").values_list("pk", "name")
        self.fields["contact"].choices = [("", _("nobody in particular")), *((str(pk), name) for pk, name in contacts)]
        offered = [(str(n), text) for n, text in lines]
        self.fields["line"].choices = [("", _("the whole order")), *offered]
        if not offered:
            del self.fields["line"]


class AskForm(forms.Form):
    """What a customer's people ask for themselves."""

    kind = forms.ChoiceField(label=_("What it is"), choices=CaseKind.choices)
    title = forms.CharField(label=_("In a few words"), max_length=TITLE)
    text = forms.CharField(label=_("What happened, or what you would like to know"), widget=forms.Textarea({"rows": 6}), max_length=LONGEST)
    files = ManyFiles(label=_("Files"), required=False, help_text=_("At most five, 5 MB each"))

    def __init__(self, *args: Any, about: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if about:
            self.fields["title"].help_text = _("It is about %(number)s.") % {"number": about}


class ReplyForm(forms.Form):
    """What a customer's people say more."""

    text = forms.CharField(label=_("Text"), widget=forms.Textarea({"rows": 4}), max_length=LONGEST)
    files = ManyFiles(label=_("Files"), required=False, help_text=_("At most five, 5 MB each"))


class SayForm(forms.Form):
    """An answer, a note, or what the customer said."""

    direction = forms.ChoiceField(label=_("What it is"), choices=[(d.value, d.label) for d in (Direction.OUT, Direction.NOTE, Direction.IN)], initial=Direction.OUT)
    text = forms.CharField(label=_("Text"), widget=forms.Textarea({"rows": 4}), max_length=LONGEST)
    wait = forms.BooleanField(label=_("The clock stands still until the customer answers"), required=False)
    files = ManyFiles(label=_("Files"), required=False)

    def __init__(self, *args: Any, live: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not live:  # what is over is not answered; the customer's word opens it again
            self.fields["direction"].choices = [(d.value, d.label) for d in (Direction.IN, Direction.NOTE)]
            del self.fields["wait"]


class ResolveForm(forms.Form):
    """What came of it and what caused it."""

    outcome = forms.CharField(label=_("What came of it"), widget=forms.Textarea({"rows": 4}), max_length=LONGEST)
    cause = forms.ChoiceField(label=_("Root cause"), required=False)

    def __init__(self, *args: Any, causes: Iterable[Any], needed: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["cause"].choices = [("", _("choose") if needed else _("none")), *((c.code, f"{c.text} ({c.get_party_display()})") for c in causes)]
        self.fields["cause"].required = needed


class ClassifyForm(forms.Form):
    """Another kind, priority, title."""

    kind = forms.ChoiceField(label=_("Kind"), choices=CaseKind.choices)
    priority = forms.ChoiceField(label=_("Priority"), choices=Priority.choices)
    title = forms.CharField(label=_("In a few words"), max_length=TITLE)
