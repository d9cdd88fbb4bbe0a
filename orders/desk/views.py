"""Pages of the desk: enter, list, order, approvals, backlog, shipments. Each action calls exactly one use case."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.company.models import ReasonCode
from oms.events.selectors import timeline
from oms.jobs.services import enqueue
from oms.kernel.errors import Invalid, OMSError
from oms.web import words
from oms.web.forms import Option
from oms.web.views import SIGNED_IN, ActionPage, ListPage, OptionsView, Page, RefusalMixin
from orders.approval.selectors import queue
from orders.approval.services import Decision, decide
from orders.book.models import Order
from orders.desk.filters import OrderFilterSet
from orders.desk.forms import EntryForm
from orders.desk.selectors import (
    customer_glance,
    customers_like,
    invoices_of,
    line_views,
    order_page,
    order_rows,
    products_like,
)
from orders.desk.tables import OrderTable
from orders.entry.domain import Answer
from orders.entry.services import Key, Replayed, cancel, quote, submit
from orders.fulfilment.selectors import at_work, backlog, visible_shipments
from orders.fulfilment.services import cancel_shipment, deliver, release, ship
from orders.holds.selectors import open_holds
from orders.holds.services import place_hold, release_hold
from orders.planning.models import PlanRun


class CustomerOptions(OptionsView):
    """Customers for the entry page's combobox."""

    verb = "orders.submit"

    def options(self, q: str) -> list[Option]:
        return [Option(c.code, c.name, c.code) for c in customers_like(self.request.user, q)]


class ProductOptions(OptionsView):
    """Products for the grid's comboboxes, with what is free now."""

    verb = "orders.submit"

    def options(self, q: str) -> list[Option]:
        found = products_like(q)
        return [Option(p.sku, f"{p.sku} {p.name}", _("%(n)s free") % {"n": max(0, p.free or 0)}) for p in found]


class EnterOrder(RefusalMixin, Page):
    """Enter an order on one page. Posting submits; `quote` answers the hints while typing."""

    verb = "orders.submit"
    title = gettext_lazy("Enter an order")
    template_name = "orders/desk/enter.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form = kwargs.get("form") or EntryForm.read(self.request.GET.dict())
        if not form.requested_date:
            form.requested_date = (date.today() + timedelta(days=3)).isoformat()
        glance = customer_glance(self.request.user, form.customer) if form.customer else None
        return super().get_context_data(**{"glance": glance, **kwargs, "form": form, "rows": list(form.lines.items())})

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Submit; a worse answer is shown for one-key acceptance."""
        form = EntryForm.read(request.POST.dict())
        try:
            entry, _numbers = form.request()
            number = submit(entry, by=request.user, key=Key(form.key, form.body_hash(), answer_number)).number
        except Replayed as first:
            number = first.body.decode()
        except OMSError as error:
            return self.refused(form, error)
        messages.success(request, _("%(number)s is submitted.") % {"number": number})
        return HttpResponseRedirect(reverse("orders:order-detail", args=[number]))

    def refused(self, form: EntryForm, error: OMSError) -> HttpResponse:
        """The page again with the input kept, mistakes at their lines, differences in words."""
        numbers = list(form.lines)
        for row in error.data.get("errors", ()):
            form.errors[on_page(row["field"], numbers)] = row["message"]
        changed = error.code == "promise_changed"
        context = self.get_context_data(
            form=form, refusal=error, refusal_details=differences(error, form) if changed else list(form.errors.values()),
            changed=changed,
        )  # fmt: skip
        return self.render_to_response(context, status=error.status)


def answer_number(answer: Answer) -> bytes:
    """What an idempotency key of the page keeps: the order's number."""
    return answer.number.encode()


def on_page(field: str, numbers: list[int]) -> str:
    """`lines.<i>.sku` of the request as the page's line number."""
    parts = field.split(".")
    if len(parts) == 3 and parts[0] == "lines" and int(parts[1]) < len(numbers):
        parts[1] = str(numbers[int(parts[1])])
    return ".".join(parts)


def differences(error: OMSError, form: EntryForm) -> list[str]:
    """The ways in which the answer became worse, as sentences."""
    skus = [cells["product"] for cells in form.lines.values()]
    said = []
    for row in error.data.get("differences", ()):
        parts = str(row["what"]).split(".")
        values = {"shown": row["shown"], "now": row["now"] or _("no date")}
        if parts[0] == "lines":
            values["sku"] = skus[int(parts[1])] if int(parts[1]) < len(skus) else "?"
        said.append({
            "total": _("The total was %(shown)s and is %(now)s."),
            "hold": _("The order would now be held: %(now)s."),
            "promised": _("%(sku)s: %(shown)s had a date, now %(now)s."),
            "delivery_date": _("%(sku)s: %(shown)s was shown, now %(now)s."),
        }[parts[-1]] % values)  # fmt: skip
    return said


class EntryQuote(Page):
    """The hints of the entry page, as fragments: one per line, the summary, and what was shown (sent back on submit)."""

    verb = "orders.submit"
    http_method_names = ["post"]
    template_name = "orders/desk/quote.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = EntryForm.read(request.POST.dict())
        answer, by_line, refusal = self.ask(form)
        hints = [
            {"n": n, "answer": by_line.get(n), "error": line_error(form, n)} for n in form.lines
        ]
        context = {
            "form": form, "answer": answer, "hints": hints, "refusal": refusal,
            "glance": customer_glance(request.user, form.customer) if form.customer else None,
            "shown": json.dumps(answer.shown()) if answer else "",
            "whole": answer is not None and len(by_line) == len(form.lines),
        }  # fmt: skip
        return TemplateResponse(request, self.template_name, context)

    def ask(self, form: EntryForm) -> tuple[Answer | None, dict[int, Any], OMSError | None]:
        """Quote the good lines; lines with mistakes are asked about again without them."""
        good: set[int] = set(form.lines)
        for _try in range(2):
            entry, numbers = form.request(only=good)
            if not form.customer or not numbers:
                return None, {}, None
            try:
                answer = quote(entry, by=self.request.user)
            except Invalid as error:
                rows = error.data.get("errors")
                if not rows:
                    return None, {}, error
                for row in rows:
                    form.errors[on_page(row["field"], numbers)] = row["message"]
                good = {n for n in numbers if line_error(form, n) is None}
            except OMSError as error:
                return None, {}, error
            else:
                return answer, dict(zip(numbers, answer.lines, strict=True)), None
        return None, {}, None


def line_error(form: EntryForm, n: int) -> str | None:
    """The first mistake of a line of the page."""
    return next((text for name, text in form.errors.items() if name.startswith(f"lines.{n}.")), None)


class OrderList(ListPage):
    """Orders one may see."""

    verb = SIGNED_IN
    title = gettext_lazy("Orders")
    table_class = OrderTable
    filterset_class = OrderFilterSet
    template_name = "orders/desk/order_list.html"

    def get_queryset(self) -> Any:
        return order_rows(self.request.user)


class OrderDetail(Page):
    """One order: state, lines with promises, holds, shipments, invoices, and everything that happened."""

    verb = SIGNED_IN
    template_name = "orders/desk/order_detail.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        order = found_order(self.request, self.kwargs["number"])
        return super().get_context_data(
            order=order, title=order.number, crumbs=[(_("Orders"), reverse("orders:order-list"))],
            lines=line_views(order), holds=list(open_holds([order.pk])), invoices=list(invoices_of(order)),
            shipments=list(visible_shipments(self.request.user).filter(order=order).select_related("location").order_by("pk")),
            timeline=words.entries(timeline("order", order.pk)), reasons=cut_reasons(),
            mine=self.request.user.pk in (order.entered_by_id, order.submitted_by_id),
            shipped=any(line.quantity_shipped for line in order.lines.all()), **kwargs,
        )  # fmt: skip


def found_order(request: HttpRequest, number: str) -> Order:
    """The order within the row filter, or 404."""
    order = order_page(request.user, number)
    if order is None:
        raise Http404(_("There is no order %(number)s.") % {"number": number})
    return order


def cut_reasons() -> list[ReasonCode]:
    """Why a quantity may be cut."""
    return list(ReasonCode.objects.filter(kind="cut", active=True).order_by("text"))


class Approvals(Page):
    """The approver's queue: worked through without opening, by quantity where wanted."""

    verb = "orders.approve"
    title = gettext_lazy("Approvals")
    template_name = "orders/desk/approvals.html"
    shown = 30

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        orders = list(queue(self.request.user).select_related("customer").prefetch_related("lines__product")[: self.shown])
        holds: dict[int, list[Any]] = {}
        for hold in open_holds([o.pk for o in orders]):
            holds.setdefault(hold.order_id, []).append(hold)
        rows = [{"order": o, "lines": line_views(o), "holds": holds.get(o.pk, []), "margin": margin(o)} for o in orders]
        return super().get_context_data(rows=rows, reasons=cut_reasons(), total=sum(o.net for o in orders), **kwargs)


def margin(order: Order) -> Any:
    """Share of the net above standard cost, None for an order worth nothing."""
    cost = sum(line.unit_cost * line.quantity_ordered for line in order.lines.all())
    return (order.net - cost) / order.net if order.net else None


class OrderAction(ActionPage):
    """An action on one order of the URL."""

    verb = SIGNED_IN

    @property
    def order(self) -> Order:
        return found_order(self.request, self.kwargs["number"])

    def get_success_url(self) -> str:
        target = super().get_success_url()
        return target if target != "/" else reverse("orders:order-detail", args=[self.kwargs["number"]])


class ApproveOrder(OrderAction):
    """Decide the pending lines: `approve-<line>` and `cut-<line>` quantities with one reason, or everything."""

    verb = "orders.approve"

    def run(self) -> Any:
        post = self.request.POST
        order = self.order
        shown = {line.pk: post.get(f"shown-{line.pk}") or None for line in order.lines.all()}
        chosen = None
        if post.get("all") != "1":
            chosen = {
                line.pk: Decision(whole(post.get(f"approve-{line.pk}")), whole(post.get(f"cut-{line.pk}")), post.get("reason", ""))
                for line in order.lines.all()
                if post.get(f"approve-{line.pk}") or post.get(f"cut-{line.pk}")
            }
        return decide(order.pk, chosen, by=self.request.user, shown=shown, accept_changes=post.get("accept_changes") == "1")

    def get_done_message(self) -> str:
        return _("%(number)s is decided: %(status)s.") % {
            "number": self.result.number, "status": Order(status=self.result.status).get_status_display().lower()}  # fmt: skip


def whole(text: str | None) -> int:
    """A whole quantity typed into a box; empty is 0."""
    if not text:
        return 0
    if not text.strip().isdigit() or len(text) > 15:
        raise Invalid(_("“%(text)s” is not a whole number.") % {"text": text[:20]}, code="bad_number")
    return int(text)


class CancelOrder(OrderAction):
    """Cancel what is left of an order of which nothing was shipped."""

    verb = "orders.cancel"
    done = gettext_lazy("The order is cancelled.")

    def run(self) -> Any:
        return cancel(self.order.pk, self.request.POST.get("reason", ""), by=self.request.user)


class ReleaseOrder(OrderAction):
    """Release what is due of one order."""

    verb = "orders.release"

    def run(self) -> Any:
        return release([self.order.pk], by=self.request.user)

    def get_done_message(self) -> str:
        return _("%(n)s shipments released.") % {"n": len(self.result)}


class HoldOrder(OrderAction):
    """Hold an order by hand."""

    verb = "orders.place_hold"
    done = gettext_lazy("The order is held.")

    def run(self) -> Any:
        return place_hold(self.order.pk, self.request.POST.get("reason", ""), by=self.request.user)


class LiftHold(OrderAction):
    """Release one hold of an order."""

    verb = "orders.release_hold"
    done = gettext_lazy("The hold is released.")

    def get_object_for_authorize(self) -> Any:
        return open_holds([self.order.pk]).filter(pk=self.kwargs["hold"]).first()

    def run(self) -> Any:
        return release_hold(self.kwargs["hold"], self.request.POST.get("reason", ""), by=self.request.user)


class Backlog(Page):
    """Approved orders that wait for release, in rank order."""

    verb = "orders.release"
    title = gettext_lazy("Backlog")
    template_name = "orders/desk/backlog.html"
    shown = 200

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        orders = list(backlog(self.request.user)[: self.shown])
        runs = list(PlanRun.objects.select_related("by").order_by("-pk")[:5])
        return super().get_context_data(orders=orders, runs=runs, **kwargs)


class ReleaseBacklog(ActionPage):
    """Release what is due of the ticked orders, or of the first 200 in rank order."""

    verb = "orders.release"

    def run(self) -> Any:
        chosen = self.request.POST.getlist("order")
        orders = backlog(self.request.user)
        if chosen:
            orders = orders.filter(number__in=chosen[:500])
        return release([o.pk for o in orders[: Backlog.shown]], by=self.request.user)

    def get_done_message(self) -> str:
        return _("%(n)s shipments released.") % {"n": len(self.result)}

    def get_success_url(self) -> str:
        return reverse("orders:backlog")


class PlanNow(ActionPage):
    """Ask for a plan run; the worker does it. Pressed again within a minute it is the same run."""

    verb = "orders.plan"
    done = gettext_lazy("A plan run is asked for; the worker does it now.")

    def run(self) -> Any:
        slot = f"asked-{datetime.now(UTC):%Y%m%dT%H%M}"
        return enqueue("planning.run", slot, by=self.request.user)

    def get_success_url(self) -> str:
        return reverse("orders:backlog")


class Shipments(Page):
    """What the warehouse works on now, by ship day."""

    verb = SIGNED_IN
    title = gettext_lazy("Ship")
    template_name = "orders/desk/shipments.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(shipments=list(at_work(self.request.user)[:200]), **kwargs)


class ShipmentDetail(Page):
    """One shipment: what to take from where; ship all or in part, confirm delivery, take back."""

    verb = SIGNED_IN
    template_name = "orders/desk/shipment_detail.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        shipment = found_shipment(self.request, self.kwargs["number"])
        lines = shipment.lines.select_related("line", "product", "allocation__balance").order_by("pk")
        return super().get_context_data(
            shipment=shipment, lines=list(lines), title=shipment.number,
            crumbs=[(_("Ship"), reverse("orders:shipments"))], today=date.today().isoformat(), **kwargs,
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
