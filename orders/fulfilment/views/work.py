"""Pages of fulfilment: discrepancies, picking on a phone, and what becomes of a shipment. Each calls one use case."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse, reverse_lazy
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.accounts.policies import may
from oms.changes.selectors import open_changes
from oms.company.models import ReasonCode
from oms.company.selectors import company
from oms.kernel.errors import Invalid, OMSError
from oms.web.documents import pdf, pdf_response
from oms.web.views import SIGNED_IN, ActionPage, ListPage, Page, RefusalMixin
from orders.book.models import OrderLine
from orders.fulfilment.documents import label_data, picking_data, slip_data
from orders.fulfilment.models import Discrepancy, Shipment
from orders.fulfilment.selectors import visible_discrepancies, visible_shipments
from orders.fulfilment.services import (
    clear_by_approval,
    clear_by_return,
    correct_delivery,
    delivery_failed,
    delivery_return,
    lost,
    pack,
    pick,
    pick_short,
    propose_write_off,
    reverse_shipment,
    to_pick,
)
from orders.fulfilment.tables import DiscrepancyTable

LIST = ((gettext_lazy("Discrepancies"), reverse_lazy("orders:discrepancy-list")),)


class DiscrepancyList(ListPage):
    """Discrepancies one may see, newest first."""

    verb = SIGNED_IN
    title = gettext_lazy("Discrepancies")
    table_class = DiscrepancyTable

    def get_queryset(self) -> Any:
        return visible_discrepancies(self.request.user).order_by("-pk")


def found_discrepancy(request: HttpRequest, number: str) -> Discrepancy:
    """The discrepancy within the row filter, or 404."""
    found = None if "\x00" in number else visible_discrepancies(request.user).filter(number=number).first()
    if found is None:
        raise Http404(_("There is no discrepancy %(number)s.") % {"number": number})
    return found


class DiscrepancyDetail(Page):
    """One discrepancy: what moved, what was cleared, and how to clear the rest."""

    verb = SIGNED_IN
    template_name = "orders/fulfilment/discrepancy_detail.html"
    crumbs = LIST

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found, user = found_discrepancy(self.request, self.kwargs["number"]), self.request.user
        issue = found.kind == "unauthorised_issue"
        lines = OrderLine.objects.filter(order_id=found.order_id, product_id=found.product_id) if found.order_id and issue else OrderLine.objects.none()
        rooms = [(x, x.quantity_approved - x.quantity_shipped - x.quantity_allocated) for x in lines.select_related("order").order_by("position")]
        return super().get_context_data(
            found=found, title=found.number, clearings=list(found.clearings.select_related("by", "proposed_by").order_by("pk")),
            lines=[(x, min(room, found.open)) for x, room in rooms if room > 0], waits=open_changes("orders.write_off_discrepancy", found.pk),
            approves=bool(found.open) and issue and may(user, "fulfilment.clear"),
            takes_back=bool(found.open) and issue and may(user, "fulfilment.give_back", found),
            writes_off=bool(found.open) and may(user, "fulfilment.propose_write_off"), **kwargs,
        )  # fmt: skip


class DiscrepancyAction(ActionPage):
    """A way to clear the discrepancy of the URL."""

    @cached_property
    def found(self) -> Discrepancy:
        return found_discrepancy(self.request, self.kwargs["number"])

    def get_object_for_authorize(self) -> Any:
        return self.found

    def get_success_url(self) -> str:
        return reverse("orders:discrepancy-detail", args=[self.kwargs["number"]])

    def units(self) -> int:
        """The units typed."""
        typed = self.request.POST.get("quantity", "").strip()
        if not typed.isdecimal() or len(typed) > 12:
            raise Invalid(_("Say how many units."), code="quantity_invalid")
        return int(typed)


class ClearByApproval(DiscrepancyAction):
    """Approved afterwards."""

    verb = "fulfilment.clear"
    done = gettext_lazy("It is an issue of that line now, and is invoiced.")

    def run(self) -> Any:
        line = self.request.POST.get("line", "")
        return clear_by_approval(self.found.pk, int(line) if line.isdecimal() and len(line) < 19 else 0, self.units(), by=self.request.user)


class ClearByReturn(DiscrepancyAction):
    """Back here, blocked."""

    verb = "fulfilment.give_back"
    done = gettext_lazy("The units are back, blocked until somebody looks at them.")

    def run(self) -> Any:
        return clear_by_return(self.found.pk, self.units(), by=self.request.user, bin=self.request.POST.get("bin", "").strip()[:40])


class WriteOff(DiscrepancyAction):
    """Proposed; a second person confirms."""

    verb = "fulfilment.propose_write_off"
    done = gettext_lazy("Proposed. Somebody else confirms it under Changes.")

    def run(self) -> Any:
        return propose_write_off(self.found.pk, self.request.POST.get("reason", ""), by=self.request.user)


# Shipments


def found_shipment(request: HttpRequest, number: str) -> Shipment:
    """The shipment within the row filter, or 404."""
    rows = visible_shipments(request.user).select_related("order__customer", "order__ship_to", "location")
    found = None if "\x00" in number else rows.filter(number=number).first()
    if found is None:
        raise Http404(_("There is no shipment %(number)s.") % {"number": number})
    return found


class PickShipment(RefusalMixin, Page):
    """One place at a time: what to take, how much; the scanner types SKU or GTIN and Enter."""

    verb = "orders.ship"
    template_name = "orders/fulfilment/pick.html"

    @cached_property
    def shipment(self) -> Shipment:
        return found_shipment(self.request, self.kwargs["number"])

    def get_object_for_authorize(self) -> Any:
        return self.shipment

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        shipment = found_shipment(self.request, self.kwargs["number"])
        lines, open_lines = list(shipment.lines.select_related("allocation")), to_pick(shipment)
        now = open_lines[0] if open_lines and shipment.status in ("released", "picking") else None
        return super().get_context_data(
            shipment=shipment, line=now, left=now.quantity - now.in_cart if now else 0, title=shipment.number,
            total=sum(x.quantity for x in lines), picked=sum(x.in_cart for x in lines), right="ok" in self.request.GET,
            reasons=ReasonCode.objects.filter(kind="short", active=True).order_by("text"),
            crumbs=[(_("Ship"), reverse("orders:shipments")), (shipment.number, reverse("orders:shipment-detail", args=[shipment.number]))], **kwargs,
        )  # fmt: skip

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        post = request.POST
        line, typed = post.get("line", ""), post.get("quantity", "").strip()
        try:
            if not typed.isdecimal() or len(typed) > 12:
                raise Invalid(_("Say how many units."), code="quantity_invalid")
            at_line = int(line) if line.isdecimal() and len(line) < 19 else None
            pick(self.shipment.pk, post.get("code", "").replace("\x00", "").strip()[:60], int(typed), by=request.user, line_id=at_line)
        except OMSError as error:
            return self.refuse(error)
        return HttpResponseRedirect(reverse("orders:shipment-pick", args=[self.shipment.number]) + "?ok=1")


class ShipmentStep(ActionPage):
    """A step of the shipment of the URL; then its page."""

    back = "orders:shipment-detail"

    @cached_property
    def shipment(self) -> Shipment:
        return found_shipment(self.request, self.kwargs["number"])

    def get_object_for_authorize(self) -> Any:
        return self.shipment

    def get_success_url(self) -> str:
        return reverse(self.back, args=[self.kwargs["number"]])

    def reason(self) -> str:
        return self.request.POST.get("reason", "")[:2000]


class PickShort(ShipmentStep):
    """Not there, or no good."""

    verb = "orders.ship"
    done = gettext_lazy("Blocked in its place; the order is planned anew.")
    back = "orders:shipment-pick"

    def run(self) -> Any:
        line, typed = self.request.POST.get("line", ""), self.request.POST.get("quantity", "").strip()
        if not typed.isdecimal() or not line.isdecimal() or len(typed) > 12 or len(line) > 18:
            raise Invalid(_("Say how many units."), code="quantity_invalid")
        return pick_short(self.shipment.pk, int(line), int(typed), self.reason(), by=self.request.user)


class PackShipment(ShipmentStep):
    """Everything lies in its parcel."""

    verb = "orders.ship"
    done = gettext_lazy("Packed.")

    def run(self) -> Any:
        return pack(self.shipment.pk, by=self.request.user)


class FailShipment(ShipmentStep):
    """The carrier could not hand it over."""

    verb = "orders.deliver"
    done = gettext_lazy("The failed delivery is recorded.")

    def run(self) -> Any:
        return delivery_failed(self.shipment.pk, self.reason(), by=self.request.user)


class LoseShipment(ShipmentStep):
    """It will not arrive."""

    verb = "orders.deliver"
    done = gettext_lazy("Counted as undelivered. A reship is a replacement line with its own approval.")

    def run(self) -> Any:
        return lost(self.shipment.pk, self.reason(), by=self.request.user)


class TakeDeliveryBack(ShipmentStep):
    """A failed delivery is back, whole."""

    verb = "orders.receive_back"
    done = gettext_lazy("Back, and blocked until somebody looks at it.")

    def run(self) -> Any:
        return delivery_return(self.shipment.pk, by=self.request.user)


class CorrectDelivery(ShipmentStep):
    """An assumed delivery is proven, or was on another day."""

    verb = "orders.deliver"
    done = gettext_lazy("The delivery is corrected.")

    def run(self) -> Any:
        try:
            day = date.fromisoformat(self.request.POST.get("date", ""))
        except ValueError as error:
            raise Invalid(_("Say on which day it arrived."), code="bad_date") from error
        return correct_delivery(self.shipment.pk, day, self.request.POST.get("proof", ""), by=self.request.user)


class ReverseShipment(ShipmentStep):
    """The goods never left."""

    verb = "orders.reverse_shipment"
    done = gettext_lazy("Reversed: the goods are free again and the order is planned anew.")

    def run(self) -> Any:
        return reverse_shipment(self.shipment.pk, self.reason(), by=self.request.user)


class PickingList(Page):
    """The picking list, as PDF, with barcodes."""

    verb = "orders.ship"

    @cached_property
    def shipment(self) -> Shipment:
        return found_shipment(self.request, self.kwargs["number"])

    def get_object_for_authorize(self) -> Any:
        return self.shipment

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return pdf_response(f"picking-{self.shipment.number}", pdf("orders/fulfilment/picking_list.typ", picking_data(self.shipment, company())))


class PackingSlip(Page):
    """The packing slip, as PDF; `?prices=1` with prices, never for warehouse staff alone; `?label=1` with the parcel's label behind it."""

    verb = SIGNED_IN

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        shipment = found_shipment(request, self.kwargs["number"])
        prices = "prices" in request.GET and request.user.roles != {"warehouse"}  # type: ignore[union-attr]
        return pdf_response(f"slip-{shipment.number}", pdf("orders/fulfilment/packing_slip.typ", slip_data(shipment, company(), prices, "label" in request.GET)))


class ShippingLabel(PickingList):
    """The parcel's label, as PDF."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return pdf_response(f"label-{self.shipment.number}", pdf("orders/fulfilment/shipping_label.typ", label_data(self.shipment, company())))
