"""Backorders: what is approved and has no date, by customer, and what can be done about it; shown before it is done."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from oms.kernel.errors import Invalid, OMSError
from oms.web import navigation, typed
from oms.web.views import Page, RefusalMixin
from orders.book.models import Order
from orders.desk.selectors import Backordered, backorder_customers, backordered
from orders.entry.domain.amending import Amendment, LineChange
from orders.entry.services import amend, cancel, preview

DEEDS = ("cancel", "date")


@dataclass
class Effect:
    """What a deed does to one order: its lines chosen, what it makes of the total, or why it can't be done."""

    order: Order
    rows: list[Backordered]
    whole: bool = False
    difference: Any = None
    refusal: OMSError | None = None
    asked: Amendment = field(default_factory=Amendment)


class Backorders(RefusalMixin, Page):
    """Choose lines, then cancel their rest or move their orders' day: first as a preview, then done order by order."""

    verb = "orders.amend"
    title = gettext_lazy("Backorders")
    template_name = "orders/desk/backorders.html"
    http_method_names = ["get", "post"]
    shown = 300

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user, code = self.request.user, self.request.GET.get("customer", "").replace("\x00", "")
        return super().get_context_data(
            **{"rows": backordered(user, self.shown, code), "customers": backorder_customers(user), "code": code, "typed": {}, **kwargs},
            crumbs=[(_("Orders"), reverse("orders:order-list"))],
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Without `sure` the effects are shown and nothing is written."""
        post, rows = request.POST, backordered(request.user, self.shown)
        chosen = [row for row in rows if str(row.line.pk) in set(post.getlist("line"))]
        filled = {name: post.get(name, "").replace("\x00", "").strip()[:200] for name in ("deed", "day", "reason")}
        try:
            day = self.checked(chosen, filled)
            effects = [self.effect(each, filled, day) for each in by_order(chosen)]
        except OMSError as error:
            return self.render_to_response(self.get_context_data(refusal=error, typed=filled, chosen={r.line.pk for r in chosen}), status=error.status)
        if "sure" not in post:
            return self.render_to_response(self.get_context_data(effects=effects, typed=filled, chosen={r.line.pk for r in chosen}))
        for effect in effects:
            if effect.refusal is None:
                self.do(effect, filled)
        navigation.forget_counts(request.user)
        done = [e for e in effects if e.refusal is None]
        if done:
            messages.success(request, ngettext("%(n)s order is changed.", "%(n)s orders are changed.", len(done)) % {"n": len(done)})
        refused = [e for e in effects if e.refusal is not None]
        if refused:
            return self.render_to_response(self.get_context_data(refused=refused, typed=filled), status=409)
        return HttpResponseRedirect(request.get_full_path())

    def checked(self, chosen: Collection[Backordered], filled: dict[str, str]) -> date | None:
        """The new day, when one is asked for. Raises Invalid: nothing chosen, no day, no reason."""
        if not chosen or filled["deed"] not in DEEDS:
            raise Invalid(_("Choose lines, and what is to be done with them."), code="nothing_chosen")
        if filled["deed"] == "cancel":
            if not filled["reason"]:
                raise Invalid(_("Say why the rest is cancelled."), code="reason_missing")
            return None
        try:
            day = typed.day(filled["day"])
        except ValueError as error:
            raise Invalid(str(error), code="bad_day") from None
        if day is None or day < now().date():
            raise Invalid(_("Choose a day from today on."), code="bad_day")
        return day

    def effect(self, rows: list[Backordered], filled: dict[str, str], day: date | None) -> Effect:
        """What would happen to one order; nothing is written."""
        order = rows[0].line.order
        changes = () if day else tuple(LineChange(r.line.pk, r.line.quantity_ordered - r.line.quantity_cancelled - r.units) for r in rows)
        effect = Effect(order, rows, asked=Amendment(changes, requested_date=day, reason=filled["reason"]))
        try:
            plan = preview(order, effect.asked, by=self.request.user, now=now())
            effect.difference = plan.money.total - order.total
        except OMSError as error:
            effect.whole = error.code == "nothing_left_of_it"
            effect.difference, effect.refusal = (-order.total, None) if effect.whole else (None, error)
        return effect

    def do(self, effect: Effect, filled: dict[str, str]) -> None:
        """One use case an order; a refusal stays with it."""
        try:
            if effect.whole:
                cancel(effect.order.pk, filled["reason"], by=self.request.user)
            else:
                amend(effect.order.pk, effect.asked, by=self.request.user, version=effect.order.version)
        except OMSError as error:
            effect.refusal = error


def by_order(rows: Collection[Backordered]) -> list[list[Backordered]]:
    """The rows of each order together."""
    found: dict[int, list[Backordered]] = {}
    for row in rows:
        found.setdefault(row.line.order_id, []).append(row)
    return list(found.values())
