"""Orders: list, page, actions on one order, and the backlog."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.accounts.choices import Role
from oms.company.models import ReasonCode
from oms.company.selectors import company
from oms.events.selectors import timeline
from oms.jobs.services import enqueue
from oms.kernel.errors import Invalid
from oms.web import format as fmt
from oms.web import words
from oms.web.documents import pdf_response
from oms.web.views import SIGNED_IN, ActionPage, ListPage, Page
from orders.book.choices import OrderStatus
from orders.book.models import Order
from orders.desk.documents import confirmation_pdf
from orders.desk.filters import OrderFilterSet
from orders.desk.models import OrderFile, SavedView
from orders.desk.selectors import invoices_of, line_views, notes_of, order_page, order_rows
from orders.desk.services import MOST_BYTES, MOST_FILES, Upload, drop_note, drop_view, keep_view, note_order
from orders.desk.tables import OrderTable
from orders.entry.services import cancel
from orders.fulfilment.selectors import backlog, visible_shipments
from orders.fulfilment.services import release
from orders.holds.choices import Step
from orders.holds.selectors import open_holds
from orders.holds.services import place_hold, release_hold
from orders.planning.models import PlanRun
from orders.service.selectors import cases_about


class OrderList(ListPage):
    """Orders one may see."""

    verb = SIGNED_IN
    title = gettext_lazy("Orders")
    table_class = OrderTable
    filterset_class = OrderFilterSet
    template_name = "orders/desk/order_list.html"

    def get_queryset(self) -> Any:
        return order_rows(self.request.user)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user: Any = self.request.user
        query, kept = self.request.GET.urlencode(), list(SavedView.objects.filter(user=user).order_by("name"))
        return super().get_context_data(tabs=self.tabs(), views_label=_("By status"), kept=kept, query=query, **kwargs)

    def tabs(self) -> list[dict[str, Any]]:
        """One tab a status, keeping the other filters; each with its own address."""
        now = self.request.GET.getlist("status")
        rest = self.request.GET.copy()
        for name in ("status", "page"):
            rest.pop(name, None)
        rows = [("", _("All")), *OrderStatus.choices]
        found = []
        for code, label in rows:
            query = rest.copy()
            if code:
                query["status"] = code
            found.append({"label": label, "url": f"?{query.urlencode()}", "current": now == ([code] if code else [])})
        return found


class KeepView(ActionPage):
    """Keep how the order list is filtered now."""

    verb = "orders.keep_view"
    done = gettext_lazy("The view is kept.")

    def run(self) -> Any:
        return keep_view(self.request.POST.get("name", ""), self.request.POST.get("query", "")[:2_000], by=self.request.user)

    def get_success_url(self) -> str:
        return f"{reverse('orders:order-list')}?{self.result.query}"


class DropView(ActionPage):
    """Drop one of one's own."""

    verb = "orders.keep_view"

    def run(self) -> Any:
        return drop_view(self.kwargs["view"], by=self.request.user)

    def get_success_url(self) -> str:
        return reverse("orders:order-list")


class OrderDetail(Page):
    """One order: state, lines with promises, holds, shipments, invoices, and everything that happened."""

    verb = SIGNED_IN
    template_name = "orders/desk/order_detail.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        order = found_order(self.request, self.kwargs["number"])
        lines, holds, invoices = line_views(order), list(open_holds([order.pk])), list(invoices_of(order))
        return super().get_context_data(
            order=order, title=order.number, crumbs=[(_("Orders"), reverse("orders:order-list"))],
            lines=lines, holds=holds, invoices=invoices, next=next_step(order, lines, holds, invoices),
            shipments=list(visible_shipments(self.request.user).filter(order=order).select_related("location").order_by("pk")),
            cases=[] if Role.PARTNER in self.request.user.roles else cases_about(order=order),
            notes=list(notes_of(order, self.request.user)), timeline=words.entries(timeline("order", order.pk)), releasable=any(x["confirmed"] for x in lines),
            stops_approval=any(Step.APPROVE in hold.steps for hold in holds),
            mine=self.request.user.pk in (order.entered_by_id, order.submitted_by_id),
            amended=self.request.user.pk in order.amended_by,
            shipped=any(x["line"].quantity_shipped for x in lines),
            units=sum(x["line"].quantity_ordered - x["line"].quantity_cancelled for x in lines if x["line"].product_id), **kwargs,
        )  # fmt: skip


def next_step(order: Order, lines: list[dict[str, Any]], holds: list[Any], invoices: list[Any]) -> str:
    """What the order waits for now, as one phrase; "" when nothing is left to do."""
    goods = [x["line"] for x in lines if x["line"].product_id]
    if holds and order.status in (OrderStatus.SUBMITTED, OrderStatus.APPROVED):
        return _("waits for %(who)s to release the hold") % {"who": holds[0].get_owner_display().lower()}
    if order.status == OrderStatus.SUBMITTED:
        return _("waits for approval")
    if order.status != OrderStatus.APPROVED:
        return ""
    if any(line.quantity_allocated for line in goods):
        return _("the warehouse ships %(n)s units") % {"n": fmt.quantity(sum(line.quantity_allocated for line in goods))}
    days = [part.ship_date for x in lines for part in x["schedule"] if part.kind == "plan"]
    if days:
        return _("ships %(day)s") % {"day": fmt.day(min(days))}
    if any(line.quantity_approved > line.quantity_shipped for line in goods):
        return _("waits for supply")
    if any(line.quantity_shipped > line.quantity_delivered + line.quantity_undelivered for line in goods):
        return _("on its way")
    owed = sum((invoice.left for invoice in invoices), Decimal(0))
    return _("waits for %(amount)s %(currency)s") % {
        "amount": fmt.money(owed, order.currency_id), "currency": order.currency_id} if owed else ""  # fmt: skip


def found_order(request: HttpRequest, number: str) -> Order:
    """The order within the row filter, or 404."""
    order = order_page(request.user, number)
    if order is None:
        raise Http404(_("There is no order %(number)s.") % {"number": number})
    return order


class Confirmation(Page):
    """The order as the customer gets it on paper."""

    verb = "orders.see_confirmation"
    http_method_names = ["get"]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        order = found_order(request, self.kwargs["number"])
        return pdf_response(order.number, confirmation_pdf(order, company()))


class AddNote(ActionPage):
    """Write a note on an order, with files when there are any."""

    verb = "orders.note"
    done = gettext_lazy("The note is on the order.")

    def run(self) -> Any:
        order = found_order(self.request, self.kwargs["number"])
        files = [Upload(f.name or "", f.size or 0, f.read(MOST_BYTES + 1)) for f in self.request.FILES.getlist("file")[: MOST_FILES + 1]]
        return note_order(order.pk, self.request.POST.get("text", ""), files, internal="shared" not in self.request.POST, by=self.request.user)

    def get_success_url(self) -> str:
        return reverse("orders:order-detail", args=[self.kwargs["number"]]) + "#notes"


class DropNote(AddNote):
    """Erase a note and its files."""

    done = gettext_lazy("The note is dropped.")

    def run(self) -> Any:
        order = found_order(self.request, self.kwargs["number"])
        found = notes_of(order, self.request.user).filter(pk=min(self.kwargs["note"], 2**62)).first()
        return drop_note(found.pk if found else 0, by=self.request.user)


class NoteFile(Page):
    """A file of a note, as it came, to be saved and never shown inside a page."""

    verb = SIGNED_IN
    http_method_names = ["get"]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        order = found_order(request, kwargs["number"])
        found = OrderFile.objects.filter(pk=kwargs["file"], note__in=notes_of(order, request.user)).first()
        if found is None:
            raise Http404(_("There is no such file."))
        answer = HttpResponse(bytes(found.content), content_type="application/octet-stream")
        answer.headers["Content-Disposition"] = content_disposition_header(True, found.name) or "attachment"
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer


class OrderAction(ActionPage):
    """An action on one order of the URL."""

    verb = SIGNED_IN

    @property
    def order(self) -> Order:
        return found_order(self.request, self.kwargs["number"])

    def get_success_url(self) -> str:
        target = super().get_success_url()
        return target if target != "/" else reverse("orders:order-detail", args=[self.kwargs["number"]])


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
        return super().get_context_data(orders=orders, runs=runs, today=date.today(), **kwargs)


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


def cut_reasons() -> list[ReasonCode]:
    """Why a quantity may be cut."""
    return list(ReasonCode.objects.filter(kind="cut", active=True).order_by("text"))
