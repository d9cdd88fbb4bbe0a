"""Pages of planning."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from customers.parties.models import Customer
from customers.territory.selectors import customer_filter
from inventory.catalog.models import Product
from inventory.catalog.selectors import visible_locations
from inventory.stock.models import ExpectedReceipt
from inventory.stock.services.receipts import move_receipt
from oms.accounts.choices import Role
from oms.kernel.errors import NotFound
from oms.web import format as fmt
from oms.web.views import SIGNED_IN, ActionPage, FormPage, Page
from orders.book.choices import SHIPPED_KINDS
from orders.book.models import Order, OrderLine
from orders.book.selectors import visible_orders
from orders.planning import adapters
from orders.planning.choices import Outcome
from orders.planning.domain.ranking import FACTORS, Rules
from orders.planning.domain.why import Why
from orders.planning.forms import CriticalityForm, MoveReceiptForm, RulesForm
from orders.planning.models import PlanRun, RankPolicy
from orders.planning.selectors.impact import hanging_on
from orders.planning.selectors.rules import (
    allowance_now,
    criticality_report,
    moves,
    open_standings,
    raises_left,
    rules_now,
)
from orders.planning.selectors.runs import SHOWN, changes_of, jobs_at_work, plan_runs, unchanged_of
from orders.planning.selectors.why import why_line, why_quote
from orders.planning.services import raise_criticality, set_rank_policy
from orders.planning.services.proposals import accept, reject, undo
from orders.planning.services.ranking import post_of


def order_and_line(user: Any, number: str, position: int) -> tuple[Order, OrderLine]:
    """An order the user may see and its goods line, else NotFound."""
    order = visible_orders(user).filter(number=number).select_related("ship_to", "customer").prefetch_related("lines__product").first()
    line = next((x for x in order.lines.all() if x.position == position and x.kind in SHIPPED_KINDS), None) if order else None
    if order is None or line is None:
        raise NotFound(_("There is no goods line %(position)s of an order %(number)s.") % {"position": position, "number": number},
                       code="line_missing")  # fmt: skip
    return order, line


def shown(why: Why) -> dict[str, Any]:
    """What the page draws of an explanation."""
    return {
        "why": why, "sentence": adapters.sentence(why), "outcome": adapters.OUTCOMES[why.outcome], "kind": adapters.KINDS[why.outcome],
        "binding": adapters.BINDINGS.get(why.binding, ""), "picture": adapters.picture(why),
        "holders": [adapters.holder(h) for h in why.holders], "helps": [adapters.help_text(h) for h in why.helps],
        "candidates": [(c, adapters.verdict(c), adapters.VERDICT_KINDS.get(c.verdict, "")) for c in why.candidates],
        "factors": [(adapters.FACTORS[f.name], f.value) for f in why.factors], "versions": adapters.changed(why.history),
    }  # fmt: skip


class WhyThisDate(Page):
    """Why a line has its date: a sentence, the picture, what would help."""

    verb = SIGNED_IN
    template_name = "orders/planning/why.html"

    @cached_property
    def found(self) -> tuple[Order, OrderLine]:
        return order_and_line(self.request.user, self.kwargs["number"], self.kwargs["position"])

    def get_title(self) -> str:
        return _("Why this date")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        order, line = self.found
        crumbs = [(_("Orders"), reverse("orders:order-list")), (order.number, reverse("orders:order-detail", args=[order.number]))]
        return super().get_context_data(order=order, line=line, crumbs=crumbs, **shown(why_line(self.request.user, order, line)), **kwargs)


class WhyQuote(Page):
    """The same before there is an order: `?customer=&sku=&quantity=&requested=` (base units), linked from the hint."""

    verb = "orders.submit"
    template_name = "orders/planning/why.html"
    title = gettext_lazy("Why this date")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked, user = self.request.GET, self.request.user
        customer = Customer.objects.filter(customer_filter(user), code=asked.get("customer", "")).first()
        product = Product.objects.filter(sku=asked.get("sku", "")).first()
        quantity, day = asked.get("quantity", ""), asked.get("requested", "")
        why = None
        if customer and product and quantity.isdecimal() and 0 < len(quantity) < 13 and int(quantity):
            with suppress(ValueError):
                why = why_quote(user, customer, product, int(quantity), date.fromisoformat(day), asked.get("ship_to", ""))
        if why is None:
            raise NotFound(_("Nothing to explain: customer, product, quantity and day are needed."), code="line_missing")
        return super().get_context_data(order=None, crumbs=[(_("Enter an order"), reverse("orders:enter"))], **shown(why), **kwargs)


SHOWN_MOVES = 20


def preview_of(user: Any, rules: Rules) -> dict[str, Any]:
    """What the backlog would look like: who moves up or down most, among the orders this person may see."""
    standings = open_standings()
    found = moves(rules_now(), rules, standings) if sorted(rules.factors) == sorted(FACTORS) else None
    if found is None:
        return {"wrong": True}
    seen = {o.pk: o for o in visible_orders(user).filter(pk__in=[m.order_id for m in found[:500]]).select_related("customer")}
    rows = [(m, seen[m.order_id]) for m in found if m.order_id in seen]
    ups, downs = [r for r in rows if r[0].up > 0][:SHOWN_MOVES], [r for r in rows if r[0].up < 0][:SHOWN_MOVES]
    return {"ups": ups, "downs": downs, "moved": len(found), "all": len(standings)}


class RankRules(FormPage):
    """The rules of rank: edited with a preview, put into force as a new version; below, who raised criticality."""

    verb = "orders.edit_ranking"
    title = gettext_lazy("Rules of rank")
    form_class = RulesForm
    template_name = "orders/planning/rules.html"
    main_label = gettext_lazy("Put into force")
    done = gettext_lazy("The new rules hold from now on; the next plan run goes by them.")

    def get_initial(self) -> dict[str, Any]:
        return RulesForm.initial_of(rules_now(), allowance_now())

    def run(self, form: RulesForm) -> RankPolicy:
        data = form.cleaned_data
        return set_rank_policy(form.factors, form.strategies, data["default"], data["allowance"], data["reason"],
                               by=self.request.user, base_version=data["base"])  # fmt: skip

    def get_success_url(self) -> str:
        return reverse("orders:rank-rules")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        month = timezone.localdate().replace(day=1)
        uses, changes = criticality_report(month)
        seen = set(visible_orders(self.request.user).filter(pk__in=[c.order_id for c in changes]).values_list("pk", flat=True))
        return super().get_context_data(
            rules=rules_now(), allowance=allowance_now(), uses=uses, changes=[c for c in changes if c.order_id in seen],
            versions=RankPolicy.objects.select_related("by", "event__note").order_by("-version")[:5], **kwargs,
        )  # fmt: skip


class RankPreview(Page):
    """What the typed rules would change, as a fragment."""

    verb = "orders.edit_ranking"
    template_name = "orders/planning/rules_preview.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form = RulesForm(self.request.GET)
        found = preview_of(self.request.user, form.rules()) if form.is_valid() else {"wrong": True}
        return super().get_context_data(**found, **kwargs)


class Criticality(FormPage):
    """How critical one order is: by right and reason, counted against the post's month."""

    verb = "orders.raise_criticality"
    form_class = CriticalityForm
    title = gettext_lazy("Criticality")

    @cached_property
    def order(self) -> Order:
        found = visible_orders(self.request.user).filter(number=self.kwargs["number"]).first()
        if found is None:
            raise NotFound(_("There is no order %(number)s.") % {"number": self.kwargs["number"]}, code="order_missing")
        return found

    def get_initial(self) -> dict[str, Any]:
        return {"criticality": self.order.criticality}

    def run(self, form: CriticalityForm) -> Order:
        return raise_criticality(self.order.pk, form.cleaned_data["criticality"], form.cleaned_data["reason"], by=self.request.user)

    def get_form(self, form_class: Any = None) -> Any:
        form = super().get_form(form_class)
        today = timezone.localdate()
        left = raises_left(post_of(self.request.user, today), today.replace(day=1))
        form.fields["reason"].help_text = ngettext(
            "More critical counts against your post: %(n)s raise is left this month.",
            "More critical counts against your post: %(n)s raises are left this month.", left) % {"n": left}  # fmt: skip
        return form

    def get_done_message(self) -> str:
        return _("%(number)s has criticality %(n)s now; the next plan run goes by it.") % {
            "number": self.result.number, "n": self.result.criticality}  # fmt: skip

    def get_success_url(self) -> str:
        return reverse("orders:order-detail", args=[self.order.number])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        number = self.order.number
        return super().get_context_data(crumbs=[(_("Orders"), reverse("orders:order-list")), (number, self.get_success_url())], **kwargs)


class PlanRuns(Page):
    """Every plan run, what waits for a decision first, and what is at work."""

    verb = "orders.plan"
    title = gettext_lazy("Plan runs")
    template_name = "orders/planning/runs.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(runs=list(plan_runs()[:100]), jobs=jobs_at_work(), **kwargs)


def found_run(pk: int) -> PlanRun:
    """The run, or NotFound."""
    run = plan_runs().filter(pk=pk).first()
    if run is None:
        raise NotFound(_("There is no such plan run."), code="run_missing")
    return run


class PlanRunDetail(Page):
    """What a run does or did: better, worse, unchanged; totals on top; accept, accept without these, reject, undo."""

    verb = "orders.plan"
    template_name = "orders/planning/run.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        run, user, asked = found_run(kwargs.pop("run")), self.request.user, self.request.GET
        rows = list(changes_of(user, run, asked.get("customer", ""), asked.get("product", ""))[: 2 * SHOWN])
        sides = [(label, code, [r for r in rows if r.outcome == code]) for code, label in Outcome.choices]
        money: dict[tuple[str, str], Any] = {}
        for r in rows:
            key = (r.outcome, r.order.currency_id)
            money[key] = money.get(key, 0) + r.amount
        totals = [(label, len(side), [(fmt.money(amount, c), c) for (o, c), amount in money.items() if o == code]) for label, code, side in sides]
        changed = sum(run.certificate.get(code, 0) for code in Outcome.values)
        return super().get_context_data(
            run=run, title=_("Plan run of %(day)s") % {"day": fmt.day(run.started_at)}, crumbs=[(_("Plan runs"), reverse("orders:plan-runs"))],
            sides=[side for side in sides if side[2] or side[1] != Outcome.QUOTED], totals=totals, hidden=max(0, changed - len(rows)),
            unchanged=list(unchanged_of(user, run)[:SHOWN // 5]), asked=asked, **kwargs,
        )  # fmt: skip


class RunAction(ActionPage):
    """An action on one run."""

    verb = "orders.plan"

    def get_success_url(self) -> str:
        return reverse("orders:plan-run", args=[self.kwargs["run"]])


class AcceptPlan(RunAction):
    """Accept a proposal, without the ticked orders."""

    def run(self) -> Any:
        chosen = self.request.POST.getlist("without")[:1_000]
        without = list(visible_orders(self.request.user).filter(number__in=chosen).values_list("pk", flat=True)) if chosen else []
        return accept(self.kwargs["run"], without, by=self.request.user)

    def get_done_message(self) -> str:
        return _("%(accepted)s orders are planned anew, %(left)s stay as they were.") % self.result


class RejectPlan(RunAction):
    """Reject a proposal."""

    done = gettext_lazy("The proposal is rejected; nothing changed.")

    def run(self) -> Any:
        return reject(self.kwargs["run"], self.request.POST.get("reason", ""), by=self.request.user)


class UndoPlan(RunAction):
    """Undo a published run."""

    def run(self) -> Any:
        return undo(self.kwargs["run"], by=self.request.user)

    def get_done_message(self) -> str:
        return _("%(n)s orders have the places and dates they had before.") % {"n": self.result}


class ReceiptPromises(FormPage):
    """An expected receipt: the promises that hang on it, and moving its day; `?day=` shows who would lose before it does."""

    verb = "stock.expect_receipt"
    form_class = MoveReceiptForm
    template_name = "orders/planning/receipt.html"
    main_label = gettext_lazy("Move the receipt")
    done = gettext_lazy("The receipt is moved; what it no longer covers is planned again.")

    def get_object_for_authorize(self) -> Any:
        return self.receipt.location_id

    @cached_property
    def receipt(self) -> ExpectedReceipt:
        found = ExpectedReceipt.objects.filter(pk=self.kwargs["receipt"]).select_related("product", "location").first()
        known = found and (Role.MANAGER in self.request.user.roles or visible_locations(self.request.user).filter(pk=found.location_id).exists())
        if found is None or not known:
            raise NotFound(_("There is no such receipt."), code="unknown_receipt")
        return found

    def asked(self) -> date | None:
        """The day of the address, None when there is none."""
        with suppress(ValueError):
            return date.fromisoformat(self.request.GET.get("day", ""))
        return None

    def get_initial(self) -> dict[str, Any]:
        return {"day": self.asked() or self.receipt.available_date}

    def run(self, form: MoveReceiptForm) -> bool:
        return move_receipt(self.receipt.pk, form.cleaned_data["day"], form.cleaned_data["reason"], by=self.request.user)

    def get_success_url(self) -> str:
        return reverse("orders:receipt-promises", args=[self.receipt.pk])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        receipt, day = self.receipt, self.asked()
        return super().get_context_data(
            receipt=receipt, title=_("Receipt %(reference)s") % {"reference": receipt.reference}, left=receipt.quantity - receipt.received,
            crumbs=[(_("Stock"), reverse("inventory:stock-list")), (str(receipt.product), reverse("inventory:stock-card", args=[receipt.product.sku]))],
            hanging=hanging_on(self.request.user, receipt, day), day=day, **kwargs,
        )  # fmt: skip
