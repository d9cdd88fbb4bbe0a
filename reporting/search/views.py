"""The search of the shell: one exact hit opens at once, everything else is a list by kind."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.parties.choices import CustomerStatus
from inventory.catalog.models import Product
from oms.web.views import Page
from orders.book.choices import OrderStatus
from orders.fulfilment.choices import ShipmentStatus
from orders.service.choices import CaseStatus
from payments.bank.models import Payment
from reporting.search.selectors import SHORTEST, Hit, search

LABELS = {
    "order": gettext_lazy("Orders"), "customer": gettext_lazy("Customers"), "product": gettext_lazy("Products"),
    "shipment": gettext_lazy("Shipments"), "invoice": gettext_lazy("Invoices"), "payment": gettext_lazy("Payments"),
    "case": gettext_lazy("Cases"),
}  # fmt: skip
STATES: dict[str, Any] = {
    "order": OrderStatus, "customer": CustomerStatus, "product": Product.Status, "shipment": ShipmentStatus, "payment": Payment.Clearing,
    "case": CaseStatus,
}  # fmt: skip


class Search(Page):
    """Everything found for `?q=`."""

    verb = "reporting.search"
    title = gettext_lazy("Search")
    template_name = "reporting/search/results.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        words = request.GET.get("q", "").strip()
        hits = search(request.user, words)
        exact = [hit for hit in hits if hit.rank == 0]
        if len(exact) == 1:
            return HttpResponseRedirect(exact[0].url)
        return self.render_to_response(self.get_context_data(
            q=words, groups=groups(hits), count=len(hits), short=len(words) < SHORTEST, title=_("Search: %(words)s") % {"words": words} if words else self.title,
        ))  # fmt: skip


def groups(hits: list[Hit]) -> list[dict[str, Any]]:
    """Hits by kind, the kind with the best hit first."""
    found: dict[str, list[dict[str, Any]]] = {}
    for hit in hits:
        words = STATES[hit.kind](hit.state).label if hit.kind in STATES else ""
        found.setdefault(hit.kind, []).append({"hit": hit, "state": words})
    return [{"label": LABELS[kind], "rows": rows} for kind, rows in found.items()]
