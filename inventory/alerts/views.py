"""Pages of alerts: the list, the transfers that would help, and a product's levels. Each form calls one use case."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from inventory.alerts.filters import AlertFilterSet
from inventory.alerts.forms import LevelsForm
from inventory.alerts.models import StockAlert
from inventory.alerts.selectors import alerts, levels_said, proposals
from inventory.alerts.services import set_levels, take_proposals
from inventory.alerts.tables import AlertTable
from inventory.catalog.models import Product
from inventory.stock.models import Availability
from inventory.stock.selectors import product_visible, stock_list
from oms.accounts.policies import may
from oms.company.selectors import company_zone
from oms.kernel.errors import NotFound, OMSError
from oms.web import navigation
from oms.web.views import FormPage, ListPage, Page, RefusalMixin

ALERTS = ((gettext_lazy("Stock alerts"), reverse_lazy("inventory:alert-list")),)


class AlertList(ListPage):
    """What runs low, runs out, expires or lies still."""

    verb = "stock.read"
    title = gettext_lazy("Stock alerts")
    template_name = "inventory/alerts/alert_list.html"
    table_class = AlertTable
    filterset_class = AlertFilterSet

    def get_queryset(self) -> QuerySet[StockAlert]:
        return alerts(self.request.user)


class TransferProposals(RefusalMixin, Page):
    """Where one location is short and another has cover: what would help, taken up with one key."""

    verb = "transfers.request"
    title = gettext_lazy("Transfers that would help")
    template_name = "inventory/alerts/proposals.html"
    crumbs = ALERTS

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        chosen = self.request.POST.getlist("chosen")
        rows = proposals(self.request.user, timezone.localdate(timezone=company_zone()))
        return super().get_context_data(
            rows=[(p, not chosen or p.key in chosen) for p in rows], **kwargs
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            made = take_proposals(request.POST.getlist("chosen"), by=request.user)
        except OMSError as error:
            return self.refuse(error)
        navigation.forget_counts(request.user)
        messages.success(request, ngettext("%(n)s transfer is asked for: %(numbers)s.", "%(n)s transfers are asked for: %(numbers)s.", len(made))
                         % {"n": len(made), "numbers": ", ".join(t.number for t in made)})  # fmt: skip
        return HttpResponseRedirect(reverse("inventory:transfer-list"))


class Levels(FormPage):
    """Safety stock by location and the reorder level of one product, with who set them when."""

    form_class = LevelsForm
    template_name = "inventory/alerts/levels.html"
    done = gettext_lazy("The levels are kept.")
    crumbs = ALERTS

    @property
    def verb(self) -> str:  # type: ignore[override]
        """Whoever reads stock sees the levels; a manager sets them."""
        return "stock.set_safety" if self.request.method == "POST" else "stock.read"

    @cached_property
    def product(self) -> Product:
        found = product_visible(self.request.user, self.kwargs["sku"])
        if found is None:
            raise NotFound(_("There is no stock of such a product, or it is not yours to see."))
        return found

    @cached_property
    def cells(self) -> list[Availability]:
        return list(stock_list(self.request.user).filter(product=self.product))

    def get_title(self) -> str:
        return _("Levels of %(product)s") % {"product": self.product}

    def get_initial(self) -> dict[str, Any]:
        return {"reorder_level": self.product.reorder_level}

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "cells": self.cells}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            product=self.product, sets=may(self.request.user, "stock.set_safety"), said=levels_said(self.product), cells=self.cells, **kwargs
        )

    def run(self, form: LevelsForm) -> None:
        set_levels(self.product.pk, form.cleaned_data["reorder_level"], form.safety, by=self.request.user)

    def get_success_url(self) -> str:
        return reverse("inventory:stock-levels", args=[self.product.sku])
