"""The form of a new policy version."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from oms.web.forms import DayInput, QuantityInput

LABELS: dict[str, tuple[Any, Any]] = {
    "auto_limit": (_("Approves itself up to, net"), _("with every hold clear, discount and margin within the next two")),
    "auto_max_discount": (_("…with a discount of at most"), _("a share: 0.05 is 5 %")),
    "minimum_margin": (_("Margin floor"), _("a share; below it an order is held")),
    "approver_limit": (_("An approver decides alone up to, net"), _("above it a manager decides")),
    "approver_max_discount": (_("…with a discount of at most"), _("a share")),
    "second_above": (_("Two persons above, net"), _("empty: one is enough")),
    "together_hours": (_("Orders of a customer count together within, hours"), _("0: each order alone")),
    "escalate_hours": (_("An undecided order is a manager's problem after, hours"), ""),
    "claim_days": (_("An undecided order's stock is held for, working days"), ""),
}


class PolicyForm(forms.Form):
    """The rules as text: `orders.approval.services.checked_rules` reads them."""

    limits = forms.CharField(
        label=_("Other limits"), required=False, max_length=4_000, widget=forms.Textarea(attrs={"rows": 3, "class": "code"}),
        help_text=_("one a line: class, region, itself up to, approver up to; * for any. “1 * 2000 20000” or “* FR-S 500 5000”"),
    )  # fmt: skip
    reason = forms.CharField(label=_("Why"), max_length=200, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (label, help_text) in LABELS.items():
            self.fields[name] = forms.CharField(label=label, help_text=help_text, max_length=20, required=name != "second_above", widget=QuantityInput(decimals=True))
        self.order_fields([*LABELS, "limits", "reason"])


class DelegationForm(forms.Form):
    """Which of one's posts, who stands in, and from when until when."""

    post = forms.TypedChoiceField(label=_("Post"), coerce=int)
    to = forms.TypedChoiceField(label=_("Stands in"), coerce=int, help_text=_("decides by their own role and limits, never what they entered"))
    first = forms.DateField(label=_("From"), widget=DayInput)
    last = forms.DateField(label=_("Until, that day included"), widget=DayInput)

    def __init__(self, *args: Any, posts: list[tuple[int, str]], people: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["post"].choices = posts
        self.fields["to"].choices = [("", _("choose")), *people]
