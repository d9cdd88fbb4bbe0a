"""Pages of what a location releases together, and of what goes back to its bins. Each action calls one use case."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.accounts.policies import may
from oms.company.selectors import company
from oms.kernel.errors import Invalid
from oms.web.documents import pdf, pdf_response
from oms.web.views import ActionPage, ListPage, Page
from orders.fulfilment.documents import wave_data
from orders.fulfilment.models import PutBack, Wave
from orders.fulfilment.selectors import (
    AT_WORK,
    locations_of,
    to_pick_of_wave,
    to_put_back,
    visible_waves,
    wave_work,
)
from orders.fulfilment.services import open_wave, put_back
from orders.fulfilment.tables import WaveTable

WAVES = (gettext_lazy("Waves"), reverse_lazy("orders:waves"))


class WaveList(ListPage):
    """What the next wave of each location would take, and how far the last ones are."""

    verb = "orders.release"
    title = gettext_lazy("Waves")
    template_name = "orders/fulfilment/waves.html"
    table_class = WaveTable

    def get_queryset(self) -> Any:
        return visible_waves(self.request.user)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(work=wave_work(self.request.user, timezone.now()), **kwargs)


class FillNow(ActionPage):
    """Release a wave of a location now."""

    verb = "orders.release"
    done = gettext_lazy("The wave is being released.")

    def run(self) -> Wave:
        location = locations_of(self.request.user).filter(code=self.kwargs["code"]).first()
        if location is None:
            raise Http404(_("There is no location %(code)s.") % {"code": self.kwargs["code"]})
        return open_wave(location.pk, by=self.request.user)

    def get_success_url(self) -> str:
        return reverse("orders:wave-detail", args=[self.result.number])


def found_wave(request: HttpRequest, number: str) -> Wave:
    """The wave within the row filter, or 404."""
    found = None if "\x00" in number else visible_waves(request.user).filter(number=number).first()
    if found is None:
        raise Http404(_("There is no wave %(number)s.") % {"number": number})
    return found


class WaveDetail(Page):
    """One wave: how far it is, its shipments, its list to pick by."""

    verb = "orders.release"
    crumbs = (WAVES,)
    template_name = "orders/fulfilment/wave_detail.html"

    def get_title(self) -> str:
        return self.kwargs["number"]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        kwargs.pop("number", None)
        wave = found_wave(self.request, self.kwargs["number"])
        shipments = list(wave.shipments.select_related("order__customer", "order__ship_to").order_by("pk")[:500])
        at_work = sum(s.status in AT_WORK for s in shipments)
        return super().get_context_data(wave=wave, shipments=shipments, at_work=at_work, **kwargs)


class WavePickingList(Page):
    """What a wave takes from which bin, for all its shipments at once, and for which of them."""

    verb = "orders.release"
    http_method_names = ["get"]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        wave = found_wave(request, kwargs["number"])
        data = wave_data(wave, to_pick_of_wave(wave), company())
        return pdf_response(f"wave-{wave.number}", pdf("orders/fulfilment/wave_list.typ", data))


class PutBackList(Page):
    """Goods of carts that were given up, bin by bin."""

    verb = "fulfilment.put_back"
    title = gettext_lazy("Put back")
    template_name = "orders/fulfilment/put_back.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = list(to_put_back(self.request.user)[:200])
        return super().get_context_data(rows=[(x, may(self.request.user, "fulfilment.put_back", x)) for x in rows], **kwargs)


class PutBackDone(ActionPage):
    """Units lie in their bin again, or are no good."""

    verb = "fulfilment.put_back"

    def run(self) -> PutBack:
        found = to_put_back(self.request.user).filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404(_("There is nothing to put back."))
        typed = self.request.POST.get("quantity", "").strip()
        if not typed.isdecimal() or len(typed) > 12:
            raise Invalid(_("Say how many units."), code="bad_quantity")
        return put_back(found.pk, int(typed), by=self.request.user, no_good="no_good" in self.request.POST)

    def get_done_message(self) -> str:
        return _("Left blocked.") if "no_good" in self.request.POST else _("Back on the shelf.")

    def get_success_url(self) -> str:
        return reverse("orders:put-backs")
