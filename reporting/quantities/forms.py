"""What is compared: the same filter for the page, the lines behind a number, and the exports."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.kernel.errors import Invalid
from oms.web.forms import DayInput
from reporting.facts.selectors import Choices
from reporting.quantities.choices import Dimension, Measure
from reporting.quantities.selectors import Selection

DAYS, DAYS_OF_MANY = 30, 7
LONGEST = 1_100


def with_all(options: list[tuple[str, str]]) -> list[tuple[str, Any]]:
    """The options with "all" before them."""
    return [("", _("All")), *options]


class ComparisonForm(forms.Form):
    """Dates of ordering, what to look at, and how to group it. Every field may be missing."""

    first = forms.DateField(label=gettext_lazy("Ordered from"), widget=DayInput)
    last = forms.DateField(label=gettext_lazy("to"), widget=DayInput)
    by = forms.ChoiceField(label=gettext_lazy("Rows"), choices=Dimension.choices)
    measure = forms.ChoiceField(label=gettext_lazy("In"), choices=Measure.choices)
    territory = forms.ChoiceField(label=gettext_lazy("Region"), required=False)
    family = forms.ChoiceField(label=gettext_lazy("Product family"), required=False)
    product = forms.CharField(label=gettext_lazy("SKU"), required=False, max_length=40)
    customer = forms.CharField(label=gettext_lazy("Customer's code"), required=False, max_length=20)
    currency = forms.ChoiceField(label=gettext_lazy("Currency"))

    def __init__(self, query: QueryDict, today: date, offered: Choices, currency: str, days: int = DAYS) -> None:
        given = {name: query[name] for name in self.base_fields if query.get(name)}
        defaults = {"first": today - timedelta(days=days - 1), "last": today, "by": Dimension.FAMILY, "measure": Measure.UNITS, "currency": currency}
        super().__init__(defaults | given)
        self.fields["territory"].choices = with_all(offered.territories)
        self.fields["family"].choices = with_all(offered.families)
        self.fields["currency"].choices = [(code, code) for code in sorted({*offered.currencies, currency})]
        if len(self.fields["currency"].choices) < 2:
            self.fields["currency"].widget = forms.HiddenInput()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first, last = data.get("first"), data.get("last")
        if first and last and not 0 <= (last - first).days < LONGEST:
            self.add_error("last", _("The last day is not before the first, and at most three years after it."))
        return data

    def selection(self) -> Selection:
        """What was asked for; Invalid `bad_filter` names the fields that make no sense."""
        if not self.is_valid():
            errors = [{"field": name, "message": str(texts[0])} for name, texts in self.errors.items()]
            raise Invalid(
                " ".join(f"{self.fields[e['field']].label}: {e['message']}" for e in errors), code="bad_filter",
                errors=errors, clears=_("Correct the filter."),
            )  # fmt: skip
        data = self.cleaned_data
        return Selection(
            data["first"], data["last"], data["currency"], product=data["product"].strip(),
            family=data["family"], customer=data["customer"].strip(), territory=data["territory"],
        )  # fmt: skip
