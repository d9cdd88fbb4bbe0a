"""What the warehouse works on: shipments and their actions."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.company.selectors import company
from oms.kernel.errors import Invalid
from oms.web.views import SIGNED_IN, ActionPage, Page
from orders.carriers.selectors import consignment_of, tracking_of
from orders.desk.views.orders import whole
from orders.fulfilment.selectors import at_work, visible_shipments
from orders.fulfilment.services import cancel_shipment, deliver, ship


class Shipments(Page):
    """What the warehouse works on now, by ship day."""

    verb = SIGNED_IN
    title = gettext_lazy("Ship")
    template_name = "orders/desk/shipments.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(shipments=list(at_work(self.request.user)[:200]), today=date.today(), **kwargs)


class ShipmentDetail(Page):
    """One shipment: what to take from where; ship all or in part, confirm delivery, take back."""

    verb = SIGNED_IN
    template_name = "orders/desk/shipment_detail.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        shipment = found_shipment(self.request, self.kwargs["number"])
        lines = list(shipment.lines.select_related("line", "product", "allocation__balance").order_by("pk"))
        return super().get_context_data(
            shipment=shipment, lines=lines, title=shipment.number, today=date.today(),
            open=not shipment.shipped_at and shipment.status != "cancelled", units=sum(line.quantity for line in lines),
            consignment=consignment_of(shipment), tracking=tracking_of(shipment), own_currency=company().currency_id,
            crumbs=[(_("Ship"), reverse("orders:shipments"))], **kwargs,
        )  # fmt: skip


def found_shipment(request: HttpRequest, number: str) -> Any:
    """The shipment within the row filter, or 404."""
    rows = visible_shipments(request.user).select_related("order__customer", "order__ship_to", "location")
    shipment = rows.filter(number=number).first()
    if shipment is None:
        raise Http404(_("There is no shipment %(number)s.") % {"number": number})
    return shipment


class ShipmentAction(ActionPage):
    """An action on one shipment of the URL."""

    @property
    def shipment(self) -> Any:
        return found_shipment(self.request, self.kwargs["number"])

    def get_object_for_authorize(self) -> Any:
        return self.shipment

    def get_success_url(self) -> str:
        return reverse("orders:shipment-detail", args=[self.kwargs["number"]])


class ShipShipment(ShipmentAction):
    """Goods issue, whole or with the quantities typed."""

    verb = "orders.ship"
    done = gettext_lazy("Shipped.")

    def run(self) -> Any:
        post, shipment = self.request.POST, self.shipment
        typed = {line.pk: whole(post.get(f"quantity-{line.pk}")) for line in shipment.lines.all()}
        return ship(shipment.pk, typed, by=self.request.user, tracking_number=post.get("tracking", "")[:60])


class DeliverShipment(ShipmentAction):
    """Delivery with its proof."""

    verb = "orders.deliver"
    done = gettext_lazy("Delivery is recorded.")

    def run(self) -> Any:
        try:
            day = date.fromisoformat(self.request.POST.get("date", ""))
        except ValueError as error:
            raise Invalid(_("Say on which day it arrived."), code="bad_date") from error
        proof = self.request.POST.get("proof", "")
        if proof not in ("signature", "carrier", "customer"):
            raise Invalid(_("Say what proves the delivery."), code="proof_missing")
        return deliver(self.shipment.pk, day, proof, by=self.request.user)


class TakeBackShipment(ShipmentAction):
    """Cancel a shipment before it left."""

    verb = "orders.ship"
    done = gettext_lazy("The shipment is cancelled; its goods are planned again.")

    def run(self) -> Any:
        return cancel_shipment(self.shipment.pk, self.request.POST.get("reason", ""), by=self.request.user)
