"""Forms of counts: what to count, and what was counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.catalog.domain import units_typed
from inventory.catalog.selectors import products_by_sku, staffed_locations, units_of
from inventory.counts.models import CountSheetLine
from inventory.counts.selectors import families
from inventory.counts.services import Found, Scope
from oms.kernel.errors import Invalid
from oms.web.forms import DayInput, OnceForm


class ScopeForm(OnceForm):
    """Which places of a location."""

    location = forms.ModelChoiceField(label=gettext_lazy("Location"), queryset=None, to_field_name="code", empty_label=None)
    bin_from = forms.CharField(label=gettext_lazy("From bin"), max_length=40, required=False)
    bin_to = forms.CharField(label=gettext_lazy("To bin"), max_length=40, required=False)
    family = forms.ChoiceField(label=gettext_lazy("Family"), required=False)
    not_since = forms.DateField(label=gettext_lazy("Not counted since"), required=False, widget=DayInput)
    note = forms.CharField(label=gettext_lazy("Note"), max_length=200, required=False)

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = staffed_locations(user)
        self.fields["location"].queryset = mine  # type: ignore[attr-defined]
        self.fields["family"].choices = [("", _("All")), *((name, name) for name in families(mine))]  # type: ignore[attr-defined]

    def scope(self) -> Scope:
        """What was chosen."""
        return Scope(**{name: self.cleaned_data[name] for name in ("bin_from", "bin_to", "family", "not_since", "note")})


def moment_typed(text: str, zone: str) -> datetime:
    """A date and time as typed, in the location's zone. Raises Invalid at its field."""
    try:
        return datetime.fromisoformat(text.strip()).replace(tzinfo=ZoneInfo(zone))
    except ValueError as error:
        wrong = _("Say when it was counted.")
        raise Invalid(wrong, code="bad_moment", errors=[{"field": "as_of", "message": wrong}]) from error


def counts_typed(post: Mapping[str, str], lines: Iterable[CountSheetLine]) -> dict[int, int | None]:
    """{line: units, None for nothing} of the fields `count-<line>` that were sent. Raises Invalid `rows_invalid` with all that are none."""
    lines = [line for line in lines if f"count-{line.pk}" in post]
    units = units_of([line.product_id for line in lines])
    typed: dict[int, int | None] = {}
    wrong = []
    for line in lines:
        try:
            known = {code: worth for (product, code), worth in units.items() if product == line.product_id}
            typed[line.pk] = units_typed(post[f"count-{line.pk}"], known)
        except Invalid as error:
            wrong.append({"field": f"count-{line.pk}", "message": str(error.message)})
    if wrong:
        raise Invalid(_("Some numbers are none; nothing was saved."), code="rows_invalid", errors=wrong)
    return typed


def found_typed(rows: Mapping[int, Mapping[str, str]]) -> list[Found]:
    """What lies where the sheet lists nothing, of an entry grid. Raises Invalid `rows_invalid`."""
    products = products_by_sku(row.get("product", "") for row in rows.values())
    units = units_of(list(products.values()))
    found, wrong = [], []
    for n, row in rows.items():
        product = products.get(row.get("product", ""))
        try:
            if product is None:
                raise Invalid(_("There is no product %(sku)s.") % {"sku": row.get("product", "")}, code="unknown_product")
            quantity = units_typed(row.get("quantity", ""), {code: worth for (p, code), worth in units.items() if p == product})
            if quantity is None:
                raise Invalid(_("Say how many units."), code="quantity_invalid")
            found.append(Found(product, quantity, row.get("bin", "")[:40], row.get("lot", "")[:40]))
        except Invalid as error:
            wrong.append({"field": f"lines-{n}-product", "message": str(error.message)})
    if wrong:
        raise Invalid(_("Some lines are not right; nothing was saved."), code="rows_invalid", errors=wrong)
    return found
