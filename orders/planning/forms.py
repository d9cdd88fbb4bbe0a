"""Forms of planning: the rules of rank, an order's criticality."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.web.forms import DayInput, QuantityInput
from orders.planning.adapters import FACTORS
from orders.planning.choices import Strategy
from orders.planning.domain.ranking import Rules

CLASSES = range(5)
PLACES = (("first", gettext_lazy("First")), ("second", gettext_lazy("then")), ("third", gettext_lazy("then")), ("fourth", gettext_lazy("then")))


class RulesForm(forms.Form):
    """The order of the factors, a strategy by customer class, the allowance, and why."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in PLACES:
            self.fields[name] = forms.ChoiceField(label=label, choices=list(FACTORS.items()))
        for c in CLASSES:
            self.fields[f"class_{c}"] = forms.ChoiceField(label=_("Class %(c)s") % {"c": c}, choices=Strategy.choices)
        self.fields["default"] = forms.ChoiceField(label=_("All other classes"), choices=Strategy.choices)
        self.fields["allowance"] = forms.IntegerField(
            label=_("Raises of criticality a post and month"), min_value=0, max_value=10_000, widget=QuantityInput
        )
        self.fields["reason"] = forms.CharField(label=_("Reason"), max_length=300, required=False)
        self.fields["base"] = forms.IntegerField(widget=forms.HiddenInput)

    @staticmethod
    def initial_of(rules: Rules, allowance: int) -> dict[str, Any]:
        """The rules in force as the form's values."""
        places = {name: factor for (name, _label), factor in zip(PLACES, rules.factors, strict=True)}
        classes = {f"class_{c}": rules.strategy(c) for c in CLASSES}
        return {**places, **classes, "default": rules.default, "allowance": allowance, "base": rules.version}

    @property
    def factors(self) -> list[str]:
        """The factors in the chosen order."""
        return [self.cleaned_data[name] for name, _label in PLACES]

    @property
    def strategies(self) -> dict[int, str]:
        """Customer class → strategy."""
        return {c: self.cleaned_data[f"class_{c}"] for c in CLASSES}

    def rules(self) -> Rules:
        """What was typed, as rules; the factors may still be wrong."""
        return Rules(0, tuple(self.factors), self.strategies, self.cleaned_data["default"])


class CriticalityForm(forms.Form):
    """How critical, and why."""

    criticality = forms.TypedChoiceField(
        label=gettext_lazy("Criticality"), coerce=int, choices=[(n, str(n)) for n in range(5)],
        help_text=gettext_lazy("0 is most critical, 2 is usual."),
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300, required=False)


class MoveReceiptForm(forms.Form):
    """The day from which the rest can ship, and why it moves."""

    day = forms.DateField(label=gettext_lazy("Can ship from"), widget=DayInput)
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300, required=False)
