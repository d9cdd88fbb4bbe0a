"""Pages of transfers: the list, asking for one, and one transfer with the next step for whoever looks. Each calls one use case."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse, reverse_lazy
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.catalog.models import Product, StorageLocation
from inventory.catalog.selectors import visible_locations
from inventory.transfers.documents import note_data
from inventory.transfers.filters import TransferFilterSet
from inventory.transfers.forms import day_typed, rows_listed, rows_of_grid
from inventory.transfers.models import Transfer
from inventory.transfers.selectors import coming, differing, picks, transfer_rows, visible_transfers
from inventory.transfers.services import (
    Arrived,
    Sent,
    Wanted,
    cancel_transfer,
    close_transfer,
    correct_shipped,
    move_arrival,
    propose_give_up,
    receive_transfer,
    request_transfer,
    ship_transfer,
)
from inventory.transfers.services.differences import KIND
from inventory.transfers.tables import KINDS, TransferTable
from oms.accounts.policies import may
from oms.changes.selectors import open_changes
from oms.company.selectors import company
from oms.events.selectors import timeline
from oms.kernel.errors import Invalid, OMSError
from oms.web import words
from oms.web.documents import pdf, pdf_response
from oms.web.forms import grid_rows
from oms.web.views import ActionPage, ListPage, Page, RefusalMixin

LIST = ((gettext_lazy("Transfers"), reverse_lazy("inventory:transfer-list")),)


class TransferList(ListPage):
    """Transfers from or to the locations one sees."""

    verb = "transfers.read"
    title = gettext_lazy("Transfers")
    template_name = "inventory/transfers/transfer_list.html"
    table_class = TransferTable
    filterset_class = TransferFilterSet

    def get_queryset(self) -> Any:
        return transfer_rows(self.request.user)


class RequestTransfer(RefusalMixin, Page):
    """What should go from where to where: two ends, two days, and a grid of products."""

    verb = "transfers.request"
    title = gettext_lazy("Ask for a transfer")
    template_name = "inventory/transfers/request.html"
    crumbs = LIST

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        post, mine = self.request.POST, visible_locations(self.request.user).values_list("code", flat=True)
        error = kwargs.get("refusal")
        wrong = {row["field"]: row["message"] for row in error.data.get("errors", ())} if error else {}
        values = {
            name: post.get(name, self.request.GET.get(name, ""))
            for name in ("source", "target", "ship_date", "arrives", "note")
        }
        rows = grid_rows(post) or {
            0: {
                "product": self.request.GET.get("product", ""),
                "quantity": self.request.GET.get("quantity", ""),
            }
        }
        return super().get_context_data(
            values=values, mine=list(mine), wrong=wrong, locations=StorageLocation.objects.filter(active=True).order_by("code"),
            rows=[(n, n + 1, cells, next((m for f, m in wrong.items() if f.startswith(f"lines-{n}-")), "")) for n, cells in rows.items()],
            **kwargs,
        )  # fmt: skip

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        post = request.POST
        try:
            ends = {
                x.code: x.pk
                for x in StorageLocation.objects.filter(
                    code__in=[post.get("source", ""), post.get("target", "")]
                )
            }
            items = [Wanted(row.product_id, row.quantity) for row in rows_of_grid(grid_rows(post))]
            made = request_transfer(
                ends.get(post.get("source", ""), 0), ends.get(post.get("target", ""), 0), items, by=request.user,
                ship_date=day_typed(post.get("ship_date", ""), "ship_date"), arrives=day_typed(post.get("arrives", ""), "arrives"),
                note=post.get("note", "").replace("\x00", ""),
            )  # fmt: skip
        except OMSError as error:
            return self.refuse(error)
        return HttpResponseRedirect(reverse("inventory:transfer-detail", args=[made.number]))


def found_transfer(request: HttpRequest, number: str) -> Transfer:
    """The transfer within the row filter, or 404."""
    rows = visible_transfers(request.user).select_related("source", "target", "requested_by")
    found = None if "\x00" in number else rows.filter(number=number).first()
    if found is None:
        raise Http404(_("There is no transfer %(number)s.") % {"number": number})
    return found


class TransferDetail(Page):
    """One transfer: its lines, the next step for whoever looks, and what happened."""

    verb = "transfers.read"
    template_name = "inventory/transfers/transfer_detail.html"
    crumbs = LIST

    @cached_property
    def transfer(self) -> Transfer:
        return found_transfer(self.request, self.kwargs["number"])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found, user = self.transfer, self.request.user
        ships, receives = may(user, "transfers.ship", found), may(user, "transfers.receive", found)
        differs = differing(found)
        return super().get_context_data(
            transfer=found, title=found.number, kind=KINDS[found.status], key=uuid.uuid4(),
            lines=list(found.lines.select_related("product").order_by("product__sku")),
            ships=ships, receives=receives, differs=differs, typed=grid_rows(self.request.POST), extra=[(n, n + 1, cells, "") for n, cells in grid_rows(self.request.POST).items()],
            to_ship=self.typed() or (shelf_rows(found) if found.status == "requested" else []), to_receive=self.typed() or truck_rows(found),
            asks=may(user, "transfers.request", found), waits=open_changes(KIND, found.pk),
            gives_up=bool(differs) and may(user, "transfers.propose_give_up", found),
            timeline=words.entries(timeline("transfer", found.pk)), **kwargs,
        )  # fmt: skip

    def typed(self) -> list[dict[str, Any]]:
        """The rows as they were posted, so that a refusal keeps them."""
        post, lines = self.request.POST, {str(x.pk): x for x in self.transfer.lines.select_related("product")}
        columns = [post.getlist(name) for name in ROW]
        return [
            dict(zip(ROW, (lines[row[0]], *row[1:]), strict=True))
            for row in zip(*columns, strict=False)
            if row[0] in lines
        ]


ROW = ("line", "quantity", "bin", "lot", "expires")


def shelf_rows(transfer: Transfer) -> list[dict[str, Any]]:
    """What would be taken from where, as the rows of the page."""
    return [
        {"line": p.line, "quantity": p.quantity, "bin": p.balance.bin if p.balance else "", "lot": p.balance.lot if p.balance else "", "expires": ""}
        for p in picks(transfer)
    ]  # fmt: skip


def truck_rows(transfer: Transfer) -> list[dict[str, Any]]:
    """What is on its way, as the rows of the page; where nothing more was expected, the units are left to be typed."""
    return [
        {
            "line": c.line,
            "quantity": "" if transfer.status == "differs" else c.quantity,
            "bin": c.bin,
            "lot": c.lot,
            "expires": c.expires_on.isoformat() if c.expires_on else "",
        }
        for c in coming(transfer)
    ]


class TransferStep(TransferDetail):
    """A step of the transfer of the URL; a refusal shows on its page, with what was typed."""

    http_method_names = ["post"]

    def get_object_for_authorize(self) -> Any:
        return self.transfer

    def run(self) -> Any:
        """Call the one use case."""
        raise NotImplementedError

    @property
    def source(self) -> str | None:
        """The sender's id of what the page posts: the same page posts once."""
        key = self.request.POST.get("key", "")[:60]
        return f"page/{key}" if key else None

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            self.run()
        except OMSError as error:
            said = [row["message"] for row in error.data.get("errors", ())]
            context = self.get_context_data(refusal=error, refusal_details=said)
            return self.render_to_response(context, status=error.status)
        return HttpResponseRedirect(reverse("inventory:transfer-detail", args=[self.transfer.number]))


class ShipTransfer(TransferStep):
    """What left."""

    verb = "transfers.ship"

    def run(self) -> Any:
        rows = rows_listed(self.request.POST, self.transfer.lines.all()) + rows_of_grid(
            grid_rows(self.request.POST)
        )
        sent = [Sent(row.product_id, row.quantity, row.bin, row.lot) for row in rows]
        return ship_transfer(self.transfer.pk, sent, by=self.request.user, source=self.source)


class ReceiveTransfer(TransferStep):
    """What came in."""

    verb = "transfers.receive"

    def run(self) -> Any:
        rows = rows_listed(self.request.POST, self.transfer.lines.all()) + rows_of_grid(
            grid_rows(self.request.POST)
        )
        arrived = [Arrived(row.product_id, row.quantity, row.bin, row.lot, row.expires_on) for row in rows]
        last = "last" in self.request.POST
        return receive_transfer(
            self.transfer.pk, arrived, by=self.request.user, source=self.source, last=last
        )


class TransferAction(ActionPage):
    """A button on the transfer of the URL; then its page."""

    @cached_property
    def transfer(self) -> Transfer:
        return found_transfer(self.request, self.kwargs["number"])

    def get_object_for_authorize(self) -> Any:
        return self.transfer

    def get_success_url(self) -> str:
        return reverse("inventory:transfer-detail", args=[self.kwargs["number"]])

    def reason(self) -> str:
        return self.request.POST.get("reason", "")[:2000]


class CloseTransfer(TransferAction):
    """Nothing more comes."""

    verb = "transfers.receive"
    done = gettext_lazy("What is missing is no longer promised from; the source is asked.")

    def run(self) -> Any:
        return close_transfer(self.transfer.pk, by=self.request.user)


class CancelTransfer(TransferAction):
    """Before it left."""

    verb = "transfers.request"
    done = gettext_lazy("Cancelled. The source may promise the goods again.")

    def run(self) -> Any:
        return cancel_transfer(self.transfer.pk, self.reason(), by=self.request.user)


class MoveArrival(TransferAction):
    """Another day."""

    verb = "transfers.request"
    done = gettext_lazy("The arrival is moved; what it no longer covers is planned again.")

    def run(self) -> Any:
        day = day_typed(self.request.POST.get("arrives", ""), "arrives")
        if day is None:
            raise Invalid(_("Say on which day it arrives."), code="bad_date")
        return move_arrival(self.transfer.pk, day, self.reason(), by=self.request.user)


class CorrectTransfer(TransferAction):
    """The source looked: everything that differs of a line is its own."""

    verb = "transfers.ship"
    done = gettext_lazy("Corrected at the source.")

    def run(self) -> Any:
        sku = self.request.POST.get("product", "").replace("\x00", "")
        product = Product.objects.filter(sku=sku).values_list("pk", flat=True).first() or 0
        typed = self.request.POST.get("quantity", "").strip()
        if not typed.removeprefix("-").isdecimal() or len(typed) > 12:
            raise Invalid(_("Say how many units."), code="quantity_invalid")
        place = {
            name: self.request.POST.get(name, "").replace("\x00", "").strip()[:40] for name in ("bin", "lot")
        }
        return correct_shipped(self.transfer.pk, product, int(typed), by=self.request.user, **place)


class GiveUpDifference(TransferAction):
    """Proposed; a second person confirms."""

    verb = "transfers.propose_give_up"
    done = gettext_lazy("Proposed. Somebody else confirms it under Changes.")

    def run(self) -> Any:
        return propose_give_up(self.transfer.pk, self.reason(), by=self.request.user)


class TransferNote(Page):
    """The note that goes with the goods, as PDF, with barcodes."""

    verb = "transfers.read"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        found = found_transfer(request, self.kwargs["number"])
        return pdf_response(found.number, pdf("inventory/transfers/note.typ", note_data(found, company())))
