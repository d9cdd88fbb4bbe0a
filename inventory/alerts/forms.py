"""The form of levels: one number a location, and the product's reorder level."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.stock.models import Availability
from oms.web.forms import QuantityInput


class LevelsForm(forms.Form):
    """Safety stock by location (field `safety-<location id>`), and from which position on to reorder."""

    reorder_level = forms.IntegerField(
        label=gettext_lazy("Reorder at"), min_value=0, widget=QuantityInput,
        help_text=gettext_lazy("An alert when what is free and coming falls to this, at any location. 0 for never."),
    )  # fmt: skip

    def __init__(self, *args: Any, cells: list[Availability], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cells = cells
        for cell in cells:
            self.fields[f"safety-{cell.location_id}"] = forms.IntegerField(
                label=_("Safety stock at %(location)s") % {"location": cell.location.name}, min_value=0, initial=cell.safety,
                widget=QuantityInput, help_text=_("Kept back: no order is promised these units."),
            )  # fmt: skip

    @property
    def safety(self) -> dict[int, int]:
        """Location id → units to keep back, of those that change."""
        typed = {cell.location_id: self.cleaned_data[f"safety-{cell.location_id}"] for cell in self.cells}
        return {cell.location_id: typed[cell.location_id] for cell in self.cells if typed[cell.location_id] != cell.safety}
