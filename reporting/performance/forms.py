"""The month and what of it: the same filter for the form, the documents behind a number, and the exports."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.kernel.errors import Invalid
from oms.web import format as fmt
from reporting.facts.choices import TargetMeasure
from reporting.facts.selectors import Choices
from reporting.performance.choices import Dimension
from reporting.performance.selectors import Selection, months_before

YEARS_BACK = 3


def month_of(text: str) -> date:
    """The first day of "2026-03". Raises ValueError."""
    year, _dash, month = text.partition("-")
    return date(int(year), int(month), 1)


def month_choices(today: date) -> list[tuple[str, str]]:
    """The last three years' months, the latest first."""
    months = [months_before(today.replace(day=1), n) for n in range(YEARS_BACK * 12)]
    return [(m.isoformat()[:7], fmt.month(m)) for m in months]


def with_all(options: list[tuple[str, str]]) -> list[tuple[str, Any]]:
    """The options with "all" before them."""
    return [("", _("All")), *options]


class PerformanceFilter(forms.Form):
    """Every field may be missing."""

    month = forms.ChoiceField(label=gettext_lazy("Month"))
    by = forms.ChoiceField(label=gettext_lazy("Rows"), choices=Dimension.choices)
    territory = forms.ChoiceField(label=gettext_lazy("Region"), required=False)
    post = forms.ChoiceField(label=gettext_lazy("Post"), required=False)
    person = forms.ChoiceField(label=gettext_lazy("Person"), required=False)
    family = forms.ChoiceField(label=gettext_lazy("Product family"), required=False)
    customer = forms.CharField(label=gettext_lazy("Customer's code"), required=False, max_length=20)
    currency = forms.ChoiceField(label=gettext_lazy("Currency"))

    def __init__(self, query: QueryDict, today: date, offered: Choices, currency: str) -> None:
        given = {name: query[name] for name in self.base_fields if query.get(name)}
        super().__init__({"month": today.isoformat()[:7], "by": Dimension.POST, "currency": currency} | given)
        self.fields["month"].choices = month_choices(today)
        self.fields["territory"].choices = with_all(offered.territories)
        self.fields["post"].choices = with_all(offered.posts)
        self.fields["person"].choices = with_all(offered.people)
        self.fields["family"].choices = with_all(offered.families)
        self.fields["currency"].choices = [(code, code) for code in sorted({*offered.currencies, currency})]
        if len(self.fields["currency"].choices) < 2:
            self.fields["currency"].widget = forms.HiddenInput()

    def selection(self) -> Selection:
        """What was asked for; Invalid `bad_filter` names the fields that make no sense."""
        if not self.is_valid():
            errors = [{"field": name, "message": str(texts[0])} for name, texts in self.errors.items()]
            raise Invalid(" ".join(f"{self.fields[e['field']].label}: {e['message']}" for e in errors), code="bad_filter",
                          errors=errors, clears=_("Correct the filter."))  # fmt: skip
        data = self.cleaned_data
        return Selection(month_of(data["month"]), data["currency"], territory=data["territory"], post=data["post"],
                         person=data["person"], family=data["family"], customer=data["customer"].strip())  # fmt: skip


class TargetForm(forms.Form):
    """A target to propose: which post, month, family and measure, how much, and why."""

    month = forms.ChoiceField(label=gettext_lazy("Month"))
    post = forms.ChoiceField(label=gettext_lazy("Post"))
    family = forms.ChoiceField(label=gettext_lazy("Product family"), required=False)
    measure = forms.ChoiceField(label=gettext_lazy("To be reached"), choices=TargetMeasure.choices)
    amount = forms.DecimalField(label=gettext_lazy("Amount"), min_value=Decimal(0), max_digits=15, decimal_places=2, localize=False,
                                help_text=gettext_lazy("Net, in the company's currency"))
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=500, widget=forms.Textarea({"rows": 2}))

    def __init__(self, *args: Any, today: date, offered: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ahead = [months_before(today.replace(day=1), n) for n in range(-12, 1)]
        self.fields["month"].choices = [(m.isoformat()[:7], fmt.month(m)) for m in ahead]
        self.fields["month"].initial = today.isoformat()[:7]
        self.fields["post"].choices = offered.posts
        self.fields["family"].choices = with_all(offered.families)
