"""Forms of the warehouse: what came in, what was not as the books said."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.catalog.models import Product
from inventory.catalog.selectors import staffed_locations
from inventory.stock.choices import ReceiptKind
from inventory.stock.models import ExpectedReceipt
from inventory.stock.selectors import open_receipts
from oms.company.models import ReasonCode
from oms.web.forms import Combobox, DayInput, OnceForm, QuantityInput


class PlaceForm(OnceForm):
    """A product in a place at one of the user's own locations."""

    location = forms.ModelChoiceField(
        label=gettext_lazy("Location"), queryset=None, to_field_name="code", empty_label=None
    )
    product = forms.CharField(label=gettext_lazy("Product"), widget=Combobox("inventory:product-options"))
    bin = forms.CharField(label=gettext_lazy("Bin"), max_length=40, required=False)
    lot = forms.CharField(label=gettext_lazy("Lot"), max_length=40, required=False)

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["location"].queryset = staffed_locations(user)  # type: ignore[attr-defined]

    def clean_product(self) -> Product:
        sku = self.cleaned_data["product"]
        product = Product.objects.filter(sku=sku).first()
        if product is None:
            raise forms.ValidationError(_("There is no product %(sku)s.") % {"sku": sku})
        return product

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        product = cleaned.get("product")
        if product is not None and product.track_lots and not cleaned.get("lot"):
            self.add_error("lot", _("%(sku)s is kept by lot: say which.") % {"sku": product.sku})
        return cleaned

    @property
    def source(self) -> str:
        """The sender's id of what this form posts: the same form posts once."""
        return f"page/{self.cleaned_data['idempotency_key']}"


class ReceiveForm(PlaceForm):
    """Goods that came in, against an expected receipt or unannounced."""

    quantity = forms.IntegerField(label=gettext_lazy("Quantity"), min_value=1, widget=QuantityInput)
    expires_on = forms.DateField(label=gettext_lazy("Expires on"), required=False, widget=DayInput)
    receipt = forms.ModelChoiceField(
        label=gettext_lazy("Expected receipt"), queryset=None, required=False,
        empty_label=gettext_lazy("Not announced"),
    )  # fmt: skip

    field_order = ["idempotency_key", "receipt", "location", "product", "quantity", "bin", "lot", "expires_on"]

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        field = self.fields["receipt"]
        field.queryset = open_receipts(user).filter(kind=ReceiptKind.PURCHASE)  # type: ignore[attr-defined]
        field.label_from_instance = receipt_label  # type: ignore[attr-defined]


def receipt_label(receipt: ExpectedReceipt) -> str:
    """How an expected receipt is offered for choice."""
    left = receipt.quantity - receipt.received
    return f"{receipt.reference} · {receipt.product.sku} × {left} · {receipt.location.code}"


class PutAwayForm(PlaceForm):
    """Units that lie in another bin now."""

    quantity = forms.IntegerField(label=gettext_lazy("Quantity"), min_value=1, widget=QuantityInput)
    to_bin = forms.CharField(label=gettext_lazy("Into bin"), max_length=40)

    field_order = ["idempotency_key", "location", "product", "lot", "bin", "quantity", "to_bin"]

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        self.fields["bin"].label, self.fields["bin"].help_text = _("From bin"), _("Empty: where goods are received.")


class AdjustForm(PlaceForm):
    """A change of what lies in a place, with its reason."""

    delta = forms.IntegerField(
        label=gettext_lazy("Change"), widget=QuantityInput, help_text=gettext_lazy("Minus for what is gone: -3.")
    )
    reason = forms.ChoiceField(label=gettext_lazy("Reason"))
    note = forms.CharField(
        label=gettext_lazy("Note"), max_length=200, required=False,
        help_text=gettext_lazy("Read by the second person, where it is worth more than the location's limit."),
    )  # fmt: skip

    field_order = ["idempotency_key", "location", "product", "bin", "lot", "delta", "reason", "note"]

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        known = ReasonCode.objects.filter(kind="adjust", active=True).order_by("code").values_list("code", "text")
        self.fields["reason"].choices = list(known) or DEFAULT_REASONS  # type: ignore[attr-defined]

    def clean_delta(self) -> int:
        delta = self.cleaned_data["delta"]
        if delta == 0:
            raise forms.ValidationError(_("An adjustment changes something."))
        return int(delta)


# Offered while the company keeps no reason codes of kind "adjust".
DEFAULT_REASONS = [
    ("breakage", gettext_lazy("Broken or spoilt")),
    ("loss", gettext_lazy("Lost or stolen")),
    ("found", gettext_lazy("Found")),
    ("data", gettext_lazy("Booked wrongly")),
]
