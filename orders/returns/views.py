"""Pages of returns: the list, asking for one, and one return with the next step for whoever looks. Each calls one use case."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse, reverse_lazy
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.parties.models import Customer
from customers.territory.selectors import customer_filter
from oms.accounts.policies import may
from oms.company.models import ReasonCode
from oms.company.selectors import company, exponent
from oms.events.selectors import timeline
from oms.kernel.errors import Invalid, OMSError
from oms.kernel.money import line_net
from oms.web import words
from oms.web.documents import pdf, pdf_response
from oms.web.views import SIGNED_IN, ActionPage, ListPage, Page, RefusalMixin
from orders.book.models import Order
from orders.fulfilment.models import ShipmentLine
from orders.returns.choices import EXPECTED, Finding, ReturnStatus, Settlement
from orders.returns.documents import slip_data
from orders.returns.filters import ReturnFilterSet
from orders.returns.models import Return, ReturnLine
from orders.returns.selectors import return_rows, returnable, state_of, visible_returns
from orders.returns.services import (
    Allowed,
    Came,
    Disposed,
    Item,
    Settled,
    authorise,
    dispose,
    finish_repair,
    inspect,
    receive_return,
    request_return,
    send_return,
    settle,
    withdraw_return,
)
from orders.returns.tables import ReturnTable

LIST = ((gettext_lazy("Returns"), reverse_lazy("orders:return-list")),)


def whole(text: str | None) -> int:
    """Units typed; "" is 0. Raises Invalid."""
    if not (text or "").strip():
        return 0
    if not (text or "").strip().isdecimal() or len(text or "") > 12:
        raise Invalid(_("%(typed)s is not a number of units.") % {"typed": (text or "")[:20]}, code="quantity_invalid")
    return int(text or 0)


class ReturnList(ListPage):
    """Returns one may see."""

    verb = SIGNED_IN
    title = gettext_lazy("Returns")
    table_class = ReturnTable
    filterset_class = ReturnFilterSet

    def get_queryset(self) -> Any:
        return return_rows(self.request.user)


class RequestReturn(RefusalMixin, Page):
    """What of a customer's deliveries comes back: quantities, reasons and what is wanted, the latest delivery first."""

    verb = "returns.request"
    title = gettext_lazy("Return goods")
    template_name = "orders/returns/request.html"
    crumbs = LIST

    @cached_property
    def customer(self) -> Customer | None:
        """The customer of the order or code in the URL, within the row filter."""
        seen = Customer.objects.filter(customer_filter(self.request.user))
        if number := self.request.GET.get("order", "").replace("\x00", ""):
            order = Order.objects.filter(number=number, customer__in=seen).select_related("customer").first()
            return order.customer if order else None
        if code := self.request.GET.get("customer", "").replace("\x00", ""):
            return seen.filter(code=code).first()
        mine = list(seen[:2])
        return mine[0] if len(mine) == 1 else None

    def rows(self) -> list[dict[str, Any]]:
        """Shipment lines that may come back, with what was typed before."""
        if self.customer is None:
            return []
        order = self.request.GET.get("order", "")
        ids = list(Order.objects.filter(number=order).values_list("pk", flat=True)) if order else None
        found = {s.shipment_line_id: s.returnable for s in returnable(self.customer.pk, None, ids)[:300]}
        lines = ShipmentLine.objects.in_bulk(found)
        full = ShipmentLine.objects.filter(pk__in=lines).select_related("product", "shipment__order", "line").in_bulk()
        post = self.request.POST
        return [{"line": full[i], "returnable": n, "quantity": post.get(f"quantity-{i}", ""), "reason": post.get(f"reason-{i}", ""),
                 "wanted": post.get(f"wanted-{i}", "credit")} for i, n in found.items()]  # fmt: skip

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            customer=self.customer, rows=self.rows(), order=self.request.GET.get("order", ""), wants=Settlement.choices,
            reasons=ReasonCode.objects.filter(kind="return", active=True).order_by("text"), note=self.request.POST.get("note", ""), **kwargs,
        )  # fmt: skip

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            if self.customer is None:
                raise Invalid(_("Choose a customer, or open this page from an order."), code="customer_missing")
            items = [
                Item(row["line"].product.sku, whole(row["quantity"]), row["reason"][:30], row["wanted"],
                     row["line"].shipment.order.number, row["line"].shipment.number)
                for row in self.rows() if row["quantity"].strip() not in ("", "0")
            ]  # fmt: skip
            made = request_return(self.customer.code, items, by=request.user, note=request.POST.get("note", "")[:2000])
        except OMSError as error:
            return self.refuse(error)
        return HttpResponseRedirect(reverse("orders:return-detail", args=[made.number]))


def found_return(request: HttpRequest, number: str) -> Return:
    """The return within the row filter, or 404."""
    rows = visible_returns(request.user).select_related("customer", "location", "requested_by")
    found = None if "\x00" in number else rows.filter(number=number).first()
    if found is None:
        raise Http404(_("There is no return %(number)s.") % {"number": number})
    return found


def lines_of(returned: Return) -> list[ReturnLine]:
    """The lines with all a page shows of them."""
    return list(
        returned.lines.select_related("order", "line", "product", "shipment_line__shipment", "settlement__replacement")
        .prefetch_related("settlement__credits__credit_note").order_by("pk")
    )


class ReturnDetail(Page):
    """One return: its lines, the next step for whoever looks, and what happened."""

    verb = SIGNED_IN
    template_name = "orders/returns/return_detail.html"
    crumbs = LIST

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        returned, user = found_return(self.request, self.kwargs["number"]), self.request.user
        lines = lines_of(returned)
        reasons = dict(ReasonCode.objects.filter(kind="return").values_list("code", "text"))
        rows = [
            {"line": x, "reason": reasons.get(x.reason, x.reason), "money": money_of(x) if seen_money(user) else None}
            for x in lines
        ]  # fmt: skip
        steps = {
            "authorise": any(x.status == "requested" for x in lines) and may(user, "returns.authorise", returned),
            "send": any(x.status == "authorised" for x in lines) and may(user, "returns.send"),
            "withdraw": any(x.status in EXPECTED and not x.quantity_received for x in lines) and may(user, "returns.request"),
            "receive": any(x.expected and x.status in ("authorised", "in_transit", "received") for x in lines) and may(user, "returns.receive", returned),
            "inspect": any(x.status == "received" for x in lines) and may(user, "returns.inspect", returned),
            "dispose": any(x.status == "inspected" for x in lines) and may(user, "returns.inspect", returned),
            "repair": any(x.quantity_repair for x in lines) and may(user, "returns.inspect", returned),
            "settle": any(x.status == "dispositioned" for x in lines) and may(user, "returns.settle"),
        }  # fmt: skip
        return super().get_context_data(
            returned=returned, rows=rows, title=returned.number, state=state_of(returned), steps=steps, findings=Finding.choices,
            key=uuid.uuid4(), wants=Settlement.choices, timeline=words.entries(timeline("return", returned.pk)),
            printable=any(x.status not in ("requested", "refused", "withdrawn") for x in lines), **kwargs,
        )  # fmt: skip


def seen_money(user: Any) -> bool:
    """Warehouse staff see no prices."""
    return user.roles != {"warehouse"}


def money_of(line: ReturnLine) -> Decimal:
    """What a credit of the line comes to, net, before a fee."""
    units = line.quantity_received or line.quantity_authorised or line.quantity_requested
    return line_net(units, line.line.unit_price, line.line.price_unit, line.line.discount, exponent(line.order.currency_id))


class ReturnSlip(Page):
    """The slip for the parcel, as PDF."""

    verb = SIGNED_IN

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        returned = found_return(request, self.kwargs["number"])
        rows = Return.objects.select_related("customer", "location").prefetch_related("lines__product", "lines__order", "lines__shipment_line__shipment")
        return pdf_response(returned.number, pdf("orders/returns/slip.typ", slip_data(rows.get(pk=returned.pk), company())))


class ReturnAction(ActionPage):
    """A step of the return in the URL; then its page."""

    @cached_property
    def returned(self) -> Return:
        return found_return(self.request, self.kwargs["number"])

    def get_object_for_authorize(self) -> Any:
        return self.returned

    def get_success_url(self) -> str:
        return reverse("orders:return-detail", args=[self.kwargs["number"]])

    def lines(self, *statuses: str) -> list[ReturnLine]:
        """The lines in one of the statuses."""
        return [line for line in self.returned.lines.order_by("pk") if line.status in statuses]

    def typed(self, name: str, lines: list[ReturnLine]) -> dict[int, int]:
        """{line: units} of the fields `name-<line>`."""
        return {line.pk: whole(self.request.POST.get(f"{name}-{line.pk}")) for line in lines}


class AuthoriseReturn(ReturnAction):
    """Allow what is typed; 0 refuses."""

    verb = "returns.authorise"
    done = gettext_lazy("Decided.")

    def run(self) -> Any:
        reason = self.request.POST.get("reason", "")
        units = self.typed("quantity", self.lines("requested"))
        return authorise(self.returned.pk, {i: Allowed(q, "" if q else reason) for i, q in units.items()}, by=self.request.user)


class SendReturn(ReturnAction):
    """The goods are on their way."""

    verb = "returns.send"
    done = gettext_lazy("The goods are on their way.")

    def run(self) -> Any:
        return send_return(self.returned.pk, by=self.request.user, tracking_number=self.request.POST.get("tracking", ""))


class WithdrawReturn(ReturnAction):
    """What did not come will not come."""

    verb = "returns.request"
    done = gettext_lazy("The return is withdrawn.")

    def run(self) -> Any:
        return withdraw_return(self.returned.pk, self.request.POST.get("reason", ""), by=self.request.user)


class ReceiveReturn(ReturnAction):
    """Goods are here, blocked."""

    verb = "returns.receive"
    done = gettext_lazy("Received. The goods stand blocked until somebody says where they go.")

    def run(self) -> Any:
        units = self.typed("quantity", self.lines(ReturnStatus.AUTHORISED, ReturnStatus.IN_TRANSIT, ReturnStatus.RECEIVED))
        bin_ = self.request.POST.get("bin", "").strip()[:40]
        came = {i: Came(q, bin_) for i, q in units.items() if q}
        key = self.request.POST.get("key", "")[:60]
        return receive_return(self.returned.pk, came, by=self.request.user, source=f"page/{key}" if key else None)


class InspectReturn(ReturnAction):
    """What was found."""

    verb = "returns.inspect"
    done = gettext_lazy("Inspected.")

    def run(self) -> Any:
        found = {x.pk: self.request.POST.get(f"finding-{x.pk}", "") for x in self.lines("received")}
        return inspect(self.returned.pk, {i: f for i, f in found.items() if f}, by=self.request.user, note=self.request.POST.get("note", "")[:2000])


class DisposeReturn(ReturnAction):
    """Where everything goes."""

    verb = "returns.inspect"
    done = gettext_lazy("What goes back to stock is free now.")

    def run(self) -> Any:
        lines = self.lines("inspected")
        restock, repair, scrap = (self.typed(name, lines) for name in ("restock", "repair", "scrap"))
        return dispose(self.returned.pk, {i: Disposed(restock[i], repair[i], scrap[i]) for i in restock}, by=self.request.user)


class FinishRepair(ReturnAction):
    """Units are back from repair."""

    verb = "returns.inspect"
    done = gettext_lazy("Booked.")

    def run(self) -> Any:
        line = self.returned.lines.filter(pk=self.kwargs["line"]).first()
        if line is None:
            raise Http404
        post = self.request.POST
        return finish_repair(line.pk, whole(post.get("restock")), whole(post.get("scrap")), by=self.request.user)


class SettleReturn(ReturnAction):
    """Credit, refund or replace every line that is disposed of."""

    verb = "returns.settle"
    done = gettext_lazy("Settled.")

    def run(self) -> Any:
        return settle(self.returned.pk, settled(self.request.POST, self.lines("dispositioned")), by=self.request.user)


def settled(post: Mapping[str, str], lines: list[ReturnLine]) -> dict[int, Settled]:
    """What was chosen, line by line; an amount that is none is Invalid."""
    chosen = {}
    for line in lines:
        typed = (post.get(f"fee-{line.pk}") or "0").replace(",", ".").strip()
        try:
            fee = Decimal(typed)
        except InvalidOperation as error:
            raise Invalid(_("%(typed)s is not an amount.") % {"typed": typed[:20]}, code="fee_invalid") from error
        if not fee.is_finite():
            raise Invalid(_("%(typed)s is not an amount.") % {"typed": typed[:20]}, code="fee_invalid")
        chosen[line.pk] = Settled(post.get(f"kind-{line.pk}", ""), fee)
    return chosen
