"""Drafts and the steps after submission, as actions on one order. Each calls exactly one use case."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.timezone import localtime, now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from customers.parties.models import Address
from oms.kernel.errors import OMSError, Stale
from oms.web import navigation
from oms.web.views import SIGNED_IN, ActionPage, Page, PageMixin, RefusalMixin
from orders.book.models import Order
from orders.book.selectors import visible_orders
from orders.entry.forms import AmendForm
from orders.entry.models import OrderTemplate
from orders.entry.services import (
    amend,
    cancel_rest,
    copy,
    discard,
    drop_template,
    keep_template,
    preview,
    recall,
    reopen,
    save_draft,
)


class SaveDraft(PageMixin, View):
    """Keep what is typed: {number, version, at} as JSON; 412 with who saved it meanwhile."""

    verb = "orders.submit"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> JsonResponse:
        post = request.POST.dict()
        version = post.get("draft_version", "")
        try:
            order = save_draft(post, by=request.user, number=post.get("draft", "")[:20],
                               version=int(version) if version.isdigit() and len(version) < 10 else 0)  # fmt: skip
        except Stale as error:
            return JsonResponse({"message": str(error), "clears": str(error.clears), **error.data}, status=error.status)
        return JsonResponse({"number": order.number, "version": order.version, "at": f"{localtime(order.draft.saved_at):%H:%M}"})


class KeepTemplate(ActionPage):
    """Keep the page's lines under a name; then the page is filled from it."""

    verb = "orders.submit"
    done = gettext_lazy("The template is kept.")

    def run(self) -> OrderTemplate:
        post = self.request.POST.dict()
        return keep_template(str(post.get("template_name", "")), post, by=self.request.user)  # type: ignore[arg-type]

    def get_success_url(self) -> str:
        return f"{reverse('orders:enter')}?template={self.result.pk}"


class DropTemplate(ActionPage):
    """Keep a template no more."""

    verb = "orders.submit"
    done = gettext_lazy("The template is gone.")

    def run(self) -> None:
        drop_template(self.kwargs["template"], by=self.request.user)

    def get_success_url(self) -> str:
        return reverse("orders:enter")


def found_order(request: HttpRequest, number: str) -> Order:
    """The order within the row filter, or 404."""
    rows = visible_orders(request.user).select_related("customer", "ship_to")
    found = None if "\x00" in number else rows.filter(number=number).first()
    if found is None:
        raise Http404(_("There is no order %(number)s.") % {"number": number})
    return found


class StepAction(ActionPage):
    """A step of the order in the URL, within the row filter; afterwards its page."""

    verb = SIGNED_IN

    @property
    def order(self) -> Order:
        return found_order(self.request, self.kwargs["number"])

    def get_success_url(self) -> str:
        return reverse("orders:order-detail", args=[self.kwargs["number"]])


class DiscardDraft(StepAction):
    """Throw a draft away."""

    verb = "orders.submit"
    done = gettext_lazy("The draft is discarded.")

    def run(self) -> Any:
        return discard(self.order.number, by=self.request.user)


class RecallOrder(StepAction):
    """Take an undecided order back; then the entry page with what it had."""

    verb = "orders.recall"
    done = gettext_lazy("The order is a draft again.")

    def run(self) -> Any:
        return recall(self.order.pk, by=self.request.user)

    def get_success_url(self) -> str:
        return f"{reverse('orders:enter')}?draft={self.kwargs['number']}"


class CopyOrder(StepAction):
    """A new draft with the order's lines; then the entry page."""

    verb = "orders.submit"

    def run(self) -> Any:
        return copy(self.order.number, by=self.request.user)

    def get_done_message(self) -> str:
        return _("%(number)s is a new draft at today's prices.") % {"number": self.result.number}

    def get_success_url(self) -> str:
        return f"{reverse('orders:enter')}?draft={self.result.number}"


class CancelRest(StepAction):
    """Cancel what is not shipped of a partly shipped order."""

    verb = "orders.cancel"
    done = gettext_lazy("What was not shipped is cancelled.")

    def run(self) -> Any:
        return cancel_rest(self.order.pk, self.request.POST.get("reason", ""), by=self.request.user)


class ReopenOrder(StepAction):
    """Open a completed order again."""

    verb = "orders.reopen"
    done = gettext_lazy("The order is open again.")

    def run(self) -> Any:
        return reopen(self.order.pk, self.request.POST.get("reason", ""), by=self.request.user)


class AmendOrder(RefusalMixin, Page):
    """Change an order's lines, day and address in one form; what will happen stands beside it before it does."""

    verb = "orders.amend"
    template_name = "orders/entry/amend.html"
    http_method_names = ["get", "post"]

    def form(self) -> AmendForm:
        order = found_order(self.request, self.kwargs["number"])
        lines = order.lines.select_related("product").order_by("position")
        return AmendForm.read(self.request.POST.dict() if self.request.method == "POST" else {}, order, lines)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form = kwargs.get("form") or self.form()
        order = form.order
        page = reverse("orders:order-detail", args=[order.number])
        addresses = Address.objects.filter(customer_id=order.customer_id, retired_at__isnull=True).order_by("-is_default", "code")
        return super().get_context_data(
            **{**kwargs, "form": form}, order=order, title=_("Amend %(number)s") % {"number": order.number}, addresses=list(addresses),
            crumbs=[(_("Orders"), reverse("orders:order-list")), (order.number, page)],
        )  # fmt: skip

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = self.form()
        try:
            order = amend(form.order.pk, form.request(), by=request.user, version=form.version)
        except OMSError as error:
            place_mistakes(form, error)
            return self.render_to_response(
                self.get_context_data(form=form, refusal=error, refusal_details=list(form.errors.values())[1:]), status=error.status
            )
        navigation.forget_counts(request.user)
        messages.success(request, _("%(number)s is amended.") % {"number": order.number})
        return HttpResponseRedirect(reverse("orders:order-detail", args=[order.number]))


def place_mistakes(form: AmendForm, error: OMSError) -> None:
    """The mistakes of a refusal at their boxes: `lines.<i>.sku` is the i-th new line, `changes.<line>.sku` a standing one."""
    numbers = [n for n, cells in form.new_lines.items() if cells.get("quantity")]
    for row in error.data.get("errors", ()):
        kind, _dot, rest = str(row.get("field", "")).partition(".")
        where, _dot, column = rest.partition(".")
        if kind == "lines" and where.isdigit() and int(where) < len(numbers):
            form.errors[f"lines-{numbers[int(where)]}-{column.replace('sku', 'product')}"] = str(row["message"])
        elif kind == "changes":
            form.errors[f"quantity-{where}"] = str(row["message"])
    if isinstance(line := error.data.get("line"), int):
        form.errors[f"quantity-{line}"] = str(error)


class PreviewAmend(AmendOrder):
    """The effects of what is typed, as a fragment; nothing is written."""

    template_name = "orders/entry/effects.html"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form, plan, refusal = self.form(), None, None
        try:
            plan = preview(form.order, form.request(), by=request.user, now=now())
        except OMSError as error:
            refusal = error
        lines = {x.pk: x for x in form.lines}
        context: dict[str, Any] = {"form": form, "order": form.order, "plan": plan, "refusal": refusal}
        if plan:
            context |= {
                "less": [(lines[t.line], t) for t in plan.taken], "prices": [(lines[r.line], r) for r in plan.repriced],
                "more": [(x, plan.placed.promise(x.id)) for x in plan.added], "difference": plan.money.total - form.order.total,
            }  # fmt: skip
        return TemplateResponse(request, self.template_name, context)
