"""Pages of counts: the sheets, opening one, keying it, walking it on a phone, and its differences before it is posted."""

from __future__ import annotations

from collections import Counter
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from inventory.catalog.domain import units_typed
from inventory.catalog.selectors import units_of
from inventory.counts.documents import sheet_data
from inventory.counts.filters import SheetFilterSet
from inventory.counts.forms import ScopeForm, counts_typed, found_typed, moment_typed
from inventory.counts.models import CountSheet
from inventory.counts.selectors import differences, lines_of, sheet_rows, visible_sheets
from inventory.counts.services import cancel_sheet, key_counts, open_sheet, post_sheet, review_sheet
from inventory.counts.tables import SheetTable
from oms.accounts.policies import may
from oms.company.selectors import company
from oms.events.selectors import timeline
from oms.kernel.errors import Invalid, OMSError
from oms.web import words
from oms.web.documents import pdf, pdf_response
from oms.web.forms import grid_rows
from oms.web.views import ActionPage, FormPage, ListPage, Page

LIST = ((gettext_lazy("Counts"), reverse_lazy("inventory:count-list")),)


class SheetList(ListPage):
    """Count sheets of the locations one sees."""

    verb = "counts.read"
    title = gettext_lazy("Counts")
    template_name = "inventory/counts/count_list.html"
    table_class = SheetTable
    filterset_class = SheetFilterSet

    def get_queryset(self) -> Any:
        return sheet_rows(self.request.user)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(counts=may(self.request.user, "stock.count"), **kwargs)


class OpenSheet(FormPage):
    """Which places to count."""

    verb = "stock.count"
    title = gettext_lazy("Count stock")
    crumbs = LIST
    form_class = ScopeForm
    main_label = gettext_lazy("Make the sheet")

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "user": self.request.user}

    def run(self, form: ScopeForm) -> CountSheet:
        return open_sheet(form.cleaned_data["location"].pk, form.scope(), by=self.request.user)

    def get_success_url(self) -> str:
        return reverse("inventory:count-detail", args=[self.result.number])


def found_sheet(request: HttpRequest, number: str) -> CountSheet:
    """The sheet within the row filter, or 404."""
    rows = visible_sheets(request.user).select_related("location", "opened_by", "posted_by", "reviewed_by")
    found = None if "\x00" in number else rows.filter(number=number).first()
    if found is None:
        raise Http404(_("There is no count sheet %(number)s.") % {"number": number})
    return found


class SheetPage(Page):
    """A page of the sheet of the URL."""

    verb = "counts.read"

    @cached_property
    def sheet(self) -> CountSheet:
        return found_sheet(self.request, self.kwargs["number"])

    def get_object_for_authorize(self) -> Any:
        return self.sheet.location_id

    def get_title(self) -> str:
        return self.sheet.number

    @property
    def mine(self) -> bool:
        """Whether this person counts here."""
        return may(self.request.user, "stock.count", self.sheet.location_id)


class SheetDetail(SheetPage):
    """The sheet: fields to key while it is open, and what was found once it is posted."""

    template_name = "inventory/counts/count_detail.html"
    crumbs = LIST

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        sheet, post = self.sheet, self.request.POST
        lines = list(lines_of(sheet))
        zone = ZoneInfo(sheet.location.timezone)
        return super().get_context_data(
            sheet=sheet, lines=[(line, post.get(f"count-{line.pk}", "" if line.quantity is None else str(line.quantity))) for line in lines],
            counted=sum(line.quantity is not None for line in lines), total=len(lines), mine=self.mine,
            as_of=post.get("as_of") or timezone.localtime(timezone=zone).strftime("%Y-%m-%dT%H:%M"),
            first=next((line.pk for line in lines if line.quantity is None), 0), typed=grid_rows(post),
            extra=[(n, n + 1, cells, "") for n, cells in grid_rows(post).items()],
            posted=[line for line in lines if line.place_id], reviews=sheet.waits_for_review and may(self.request.user, "counts.review"),
            timeline=words.entries(timeline("count_sheet", sheet.pk)), **kwargs,
        )  # fmt: skip


class KeySheet(SheetDetail):
    """What was counted, all fields at once; what is refused keeps what was typed."""

    verb = "stock.count"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            as_of = moment_typed(request.POST.get("as_of", ""), self.sheet.location.timezone)
            typed = counts_typed(request.POST, self.sheet.lines.all())
            found = found_typed(grid_rows(request.POST))
            changed = key_counts(self.sheet.pk, typed, as_of, by=request.user, found=found)
        except OMSError as error:
            said = [row["message"] for row in error.data.get("errors", ())]
            return self.render_to_response(self.get_context_data(refusal=error, refusal_details=said), status=error.status)
        messages.success(request, ngettext("%(n)s place written down.", "%(n)s places written down.", changed) % {"n": changed})
        target = "count-differences" if "next" in request.POST else "count-detail"
        return HttpResponseRedirect(reverse(f"inventory:{target}", args=[self.sheet.number]))


class WalkSheet(SheetPage):
    """One place at a time, for the phone: the bin, the product, a number, Enter."""

    verb = "stock.count"
    template_name = "inventory/counts/count_walk.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        lines = list(lines_of(self.sheet))
        left = [line for line in lines if line.quantity is None]
        skipped = self.request.GET.get("after", "")
        ahead = [line for line in left if skipped.isdecimal() and line.pk > int(skipped)] or left
        return super().get_context_data(
            sheet=self.sheet, line=ahead[0] if ahead else None, counted=len(lines) - len(left), total=len(lines), right="ok" in self.request.GET,
            crumbs=[*LIST, (self.sheet.number, reverse("inventory:count-detail", args=[self.sheet.number]))], **kwargs,
        )  # fmt: skip

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        line = request.POST.get("line", "")
        try:
            found = self.sheet.lines.filter(pk=int(line) if line.isdecimal() and len(line) < 19 else 0).first()
            if found is None:
                raise Invalid(_("Open the sheet again."), code="line_missing")
            units = {code: worth for (_product, code), worth in units_of([found.product_id]).items()}
            quantity = units_typed(request.POST.get("quantity", ""), units)
            if quantity is None:
                raise Invalid(_("Say how many units."), code="quantity_invalid")
            key_counts(self.sheet.pk, {found.pk: quantity}, by=request.user)
        except OMSError as error:
            return self.render_to_response(self.get_context_data(refusal=error), status=error.status)
        return HttpResponseRedirect(reverse("inventory:count-walk", args=[self.sheet.number]) + "?ok=1")


class SheetDifferences(SheetPage):
    """What posting would change, before it does."""

    template_name = "inventory/counts/count_differences.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = differences(self.sheet) if self.sheet.status == "open" else []
        differing = sorted((d for d in rows if d.units), key=lambda d: -abs(d.value))
        times = Counter(d.line.counted_at for d in rows)
        return super().get_context_data(
            sheet=self.sheet, rows=differing, counted=len(rows), total=self.sheet.lines.count(), mine=self.mine, times=len(times),
            up=sum(d.value for d in differing if d.units > 0), down=sum(d.value for d in differing if d.units < 0),
            held=sum(d.held for d in differing), much=sum(abs(d.value) for d in differing) > self.sheet.location.adjustment_limit,
            crumbs=[*LIST, (self.sheet.number, reverse("inventory:count-detail", args=[self.sheet.number]))], **kwargs,
        )  # fmt: skip


class SheetAction(ActionPage):
    """A button on the sheet of the URL; then its page."""

    verb = "stock.count"

    @cached_property
    def sheet(self) -> CountSheet:
        return found_sheet(self.request, self.kwargs["number"])

    def get_object_for_authorize(self) -> Any:
        return self.sheet.location_id

    def get_success_url(self) -> str:
        return reverse("inventory:count-detail", args=[self.kwargs["number"]])


class PostSheet(SheetAction):
    """The books become what was counted."""

    def run(self) -> CountSheet:
        return post_sheet(self.sheet.pk, by=self.request.user)

    def get_done_message(self) -> Any:
        lost = sum(units for _number, units in self.result.released)
        if not lost:
            return _("Posted: the books are what was counted.")
        return _("Posted. Orders lost %(n)s units they held; they are planned anew.") % {"n": lost}


class CancelSheet(SheetAction):
    """Nothing of it counts."""

    done = gettext_lazy("Cancelled. Nothing was moved.")

    def run(self) -> CountSheet:
        return cancel_sheet(self.sheet.pk, self.request.POST.get("reason", "")[:2000], by=self.request.user)


class ReviewSheet(SheetAction):
    """Somebody else has looked at the differences."""

    verb = "counts.review"
    done = gettext_lazy("Noted that you have looked at it.")

    def run(self) -> CountSheet:
        return review_sheet(self.sheet.pk, self.request.POST.get("reason", "")[:2000], by=self.request.user)


class PrintSheet(SheetPage):
    """The sheet on paper, without what the books say."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return pdf_response(self.sheet.number, pdf("inventory/counts/sheet.typ", sheet_data(self.sheet, company())))
