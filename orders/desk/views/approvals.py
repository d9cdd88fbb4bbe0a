"""The approver's queue, worked through without opening, and the decision of one order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from oms.kernel.errors import Invalid, OMSError
from oms.kernel.money import half_up
from oms.web import format as fmt
from oms.web import navigation
from oms.web.views import Page
from orders.approval.selectors import queue
from orders.approval.services import Decision, decide
from orders.book.models import Order
from orders.desk.selectors import accounts_of, lines_of_orders
from orders.desk.views.entry import told
from orders.desk.views.orders import OrderAction, cut_reasons, whole
from orders.holds.selectors import open_holds
from orders.planning.selectors import Impact, impacts_of


@dataclass
class Waiting:
    """One order of the queue as the page draws it; `decision` is "", "all", "typed" or "leave"."""

    order: Order
    lines: list[dict[str, Any]]
    holds: list[Any]
    account: Any
    decision: str = ""
    refusal: OMSError | None = None
    rest: str | None = None

    @property
    def margin(self) -> Any:
        """Share of the net above standard cost, None for an order worth nothing."""
        cost = sum((x["line"].unit_cost * x["line"].quantity_ordered for x in self.lines), Decimal(0))
        return (self.order.net - cost) / self.order.net if self.order.net else None

    @property
    def pending(self) -> Decimal:
        """Net of what is still to be decided."""
        return sum((x["pending_net"] for x in self.lines), Decimal(0))

    @property
    def arrives(self) -> Any:
        """The day of the last line, None when one of them has no date."""
        if self.dateless:
            return None
        return max((x["promise"].delivery_date for x in self.lines if x["line"].product_id), default=None)

    @property
    def dateless(self) -> int:
        """How many lines have no date."""
        return sum(1 for x in self.lines if x["line"].product_id and not (x["promise"] and x["promise"].delivery_date))

    @property
    def changes(self) -> list[str]:
        """The later dates of a refused approval, as sentences."""
        return later_dates(self.refusal, {x["line"].pk: x["line"].description for x in self.lines})

    @property
    def needs_acceptance(self) -> bool:
        """Whether the last try was refused because dates became later."""
        return self.refusal is not None and self.refusal.code == "promise_changed"


def later_dates(refusal: OMSError | None, names: Mapping[int, str]) -> list[str]:
    """The differences of a refusal `promise_changed` as sentences; `names` {line: what it is}."""
    return [
        _("%(what)s: %(shown)s was shown, now %(now)s.")
        % {"what": names.get(row.get("line"), "?"), "shown": told(row["shown"]), "now": told(row["now"])}
        for row in (refusal.data.get("differences", ()) if refusal else ())
    ]


def waiting(user: Any, limit: int) -> list[Waiting]:
    """The first orders of the user's queue with everything their rows show; a fixed number of statements."""
    orders = list(queue(user).select_related("customer").prefetch_related("lines__product")[:limit])
    holds: dict[int, list[Any]] = {}
    for hold in open_holds([o.pk for o in orders]):
        holds.setdefault(hold.order_id, []).append(hold)
    lines = lines_of_orders(orders)
    accounts = accounts_of({o.customer_id for o in orders})
    found = []
    for order in orders:
        for view in lines[order.pk]:
            line = view["line"]
            share = line.net * line.pending / line.quantity_ordered if line.quantity_ordered else Decimal(0)
            view["pending_net"] = half_up(share, fmt.exponent_of(order.currency_id))
        pending = [view for view in lines[order.pk] if view["line"].pending]
        found.append(Waiting(order, pending, holds.get(order.pk, []), accounts.get(order.customer_id)))
    return found


class Approvals(Page):
    """The approver's queue: mark each order (all, quantities, leave), then decide everything marked, one order at a time."""

    verb = "orders.approve"
    title = gettext_lazy("Approvals")
    template_name = "orders/desk/approvals.html"
    http_method_names = ["get", "post"]
    shown = 30

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = kwargs.pop("rows", None)
        if rows is None:
            rows = waiting(self.request.user, self.shown)
        return super().get_context_data(rows=rows, reasons=cut_reasons(), **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Each marked order in a transaction of its own; what is refused stays, marked, with the reason in its row."""
        rows = waiting(request.user, self.shown)
        done = []
        for row in rows:
            row.decision = request.POST.get(f"decision-{row.order.number}", "")
            if row.decision not in ("all", "typed"):
                continue
            try:
                done.append(decide_row(row, request.POST, request.user))
            except OMSError as error:
                row.refusal, row.rest = error, request.POST.get(f"rest-{row.order.number}", "")
                for view in row.lines:
                    view["typed"] = request.POST.get(f"approve-{view['line'].pk}")
        navigation.forget_counts(request.user)
        if done:
            messages.success(request, said(done))
        refused = [row for row in rows if row.refusal]
        if not refused:
            return HttpResponseRedirect(reverse("orders:approvals"))
        left = {row.order.pk for row in refused}
        fresh = [row for row in waiting(request.user, self.shown) if row.order.pk not in left]
        status = max(row.refusal.status for row in refused if row.refusal)
        return self.render_to_response(self.get_context_data(rows=refused + fresh, refused=len(refused)), status=status)


@dataclass(frozen=True)
class Behind:
    """Who goes on waiting when one order of the queue is approved, highest rank first."""

    order: Order
    rows: list[Impact]

    @property
    def orders(self) -> int:
        return len({row.order.pk for row in self.rows})

    @property
    def sums(self) -> list[tuple[str, Decimal]]:
        """(currency, net) of what waits."""
        found: dict[str, Decimal] = {}
        for row in self.rows:
            found[row.order.currency_id] = found.get(row.order.currency_id, Decimal(0)) + row.net
        return sorted(found.items())


class ApprovalImpact(Page):
    """Who would go on waiting, for the orders of the queue that a page shows (`?order=`), as fragments for their places."""

    verb = "orders.approve"
    template_name = "orders/desk/impact.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        numbers = [n for n in self.request.GET.getlist("order")[: Approvals.shown] if "\x00" not in n]
        orders = list(queue(self.request.user).filter(number__in=numbers))
        found = impacts_of(self.request.user, orders)
        return super().get_context_data(found=[Behind(o, found[o.pk]) for o in orders], glance="glance" in self.request.GET, **kwargs)


def decide_row(row: Waiting, post: Mapping[str, str], by: Any) -> Order:
    """Call the use case for one marked order of the page."""
    shown = {x["line"].pk: post.get(f"shown-{x['line'].pk}") or None for x in row.lines}
    chosen = None if row.decision == "all" else typed(row, post)
    return decide(row.order.pk, chosen, by=by, shown=shown, accept_changes=post.get(f"accept-{row.order.number}") == "1")


def typed(row: Waiting, post: Mapping[str, str]) -> dict[int, Decision]:
    """The quantities typed; the rest of each line is cut with the chosen reason, or stays pending without one."""
    reason = post.get(f"rest-{row.order.number}", "")
    chosen = {}
    for view in row.lines:
        line = view["line"]
        amount = whole(post.get(f"approve-{line.pk}"))
        if amount > line.pending:
            raise Invalid(
                _("%(n)s is more than the %(pending)s that wait of %(what)s.")
                % {"n": amount, "pending": line.pending, "what": line.description}, code="above_pending",
            )  # fmt: skip
        cut = line.pending - amount if reason else 0
        if amount or cut:
            chosen[line.pk] = Decision(amount, cut, reason if cut else "")
    return chosen


def said(done: list[Order]) -> str:
    """One sentence of what was decided."""
    if len(done) == 1:
        return _("%(number)s is decided: %(status)s.") % {"number": done[0].number, "status": done[0].get_status_display().lower()}
    numbers = ", ".join(order.number for order in done)
    return ngettext("%(n)s order is decided: %(numbers)s.", "%(n)s orders are decided: %(numbers)s.", len(done)) % {
        "n": len(done), "numbers": numbers}  # fmt: skip


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

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Later dates lead back to the order, which says them and offers to approve with them."""
        try:
            return super().post(request, *args, **kwargs)
        except OMSError as error:
            if error.code != "promise_changed":
                raise
            names = {line.pk: line.description for line in self.order.lines.all()}
            messages.warning(request, " ".join([str(error.message), *later_dates(error, names)]))
            return HttpResponseRedirect(reverse("orders:order-detail", args=[kwargs["number"]]) + "?later=1")

    def get_done_message(self) -> str:
        return said([self.result])
