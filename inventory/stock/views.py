"""Pages of stock: what lies where, one product's stock card, receive, adjust. Each form calls one use case."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django_tables2 import RequestConfig

from inventory.catalog.models import Product
from inventory.catalog.selectors import search_products
from inventory.stock.filters import MovementFilterSet, StockAtFilterSet, StockFilterSet
from inventory.stock.forms import AdjustForm, PutAwayForm, ReceiveForm
from inventory.stock.models import Availability, Movement
from inventory.stock.selectors import (
    balances_of,
    closing_of,
    movements,
    open_receipts,
    product_visible,
    receipts_of,
    stock_at,
    stock_card,
    stock_list,
    to_put_away,
)
from inventory.stock.services import Change, PutAway, Received, put_away, receive
from inventory.stock.services.proposing import adjust_or_propose
from inventory.stock.tables import LedgerTable, MovementTable, ReceiptTable, StockAtTable, StockTable
from oms.accounts.policies import may
from oms.company.selectors import company_zone
from oms.kernel.errors import NotFound
from oms.web.format import money
from oms.web.forms import Option
from oms.web.views import FormPage, ListPage, OptionsView

STOCK = ((gettext_lazy("Stock"), reverse_lazy("inventory:stock-list")),)
SHOWN_RECEIPTS = 100


class StockList(ListPage):
    """Product × location with what is free and what comes next."""

    verb = "stock.read_availability"
    title = gettext_lazy("Stock")
    template_name = "inventory/stock/stock_list.html"
    table_class = StockTable
    filterset_class = StockFilterSet

    def get_queryset(self) -> QuerySet[Availability]:
        return stock_list(self.request.user)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = self.request.user
        return super().get_context_data(posts=may(user, "stock.receive"), reads=may(user, "stock.read"), **kwargs)


class StockCard(ListPage):
    """One product: availability by location and day, its places, its ledger."""

    verb = "stock.read_availability"
    template_name = "inventory/stock/stock_card.html"
    table_class = MovementTable
    crumbs = STOCK

    @cached_property
    def product(self) -> Product:
        found = product_visible(self.request.user, self.kwargs["sku"])
        if found is None:
            raise NotFound(_("There is no stock of such a product, or it is not yours to see."))
        return found

    def get_title(self) -> str:
        return str(self.product)

    def get_queryset(self) -> QuerySet[Movement]:
        return stock_card(self.request.user, self.product.pk)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = self.request.user
        cells = list(stock_list(user).filter(product=self.product))
        return super().get_context_data(
            product=self.product,
            cells=[(cell, list(zip(cell.days[1:], cell.free[1:], strict=True))) for cell in cells],
            balances=list(balances_of(user, self.product.pk)),
            receipts=list(receipts_of(user, self.product.pk)),
            posts=may(user, "stock.receive"),
            reads=may(user, "stock.read"),
            **kwargs,
        )


class MovementList(ListPage):
    """The ledger: who moved what, when and why."""

    verb = "stock.read"
    title = gettext_lazy("Movements")
    table_class = LedgerTable
    filterset_class = MovementFilterSet
    crumbs = STOCK

    def get_queryset(self) -> QuerySet[Movement]:
        return movements(self.request.user)


class StockAt(ListPage):
    """What lay where at a past moment, worked out from the ledger: `?day=`, `?time=`, `?known=1` for what the books said then."""

    verb = "stock.read"
    title = gettext_lazy("Stock at a past moment")
    template_name = "inventory/stock/stock_at.html"
    table_class = StockAtTable
    filterset_class = StockAtFilterSet
    crumbs = STOCK

    @cached_property
    def asked(self) -> tuple[date, time]:
        """The day and time in the company's zone; the end of yesterday when nothing, or nonsense, is asked."""
        today = timezone.localdate(timezone=company_zone())
        try:
            day = date.fromisoformat(self.request.GET.get("day", ""))
        except ValueError:
            day = today - timedelta(days=1)
        try:
            at = time.fromisoformat(self.request.GET.get("time", ""))
        except ValueError:
            at = time.max
        return day, at

    @property
    def as_known(self) -> bool:
        return bool(self.request.GET.get("known"))

    def get_queryset(self) -> QuerySet[Availability]:
        day, at = self.asked
        return stock_at(self.request.user, datetime.combine(day, at, company_zone()), as_known=self.as_known)

    def get_table_kwargs(self) -> dict[str, Any]:
        """Cost needs a right that warehouse staff do not have."""
        return {} if may(self.request.user, "stock.read_cost") else {"exclude": ("value",)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        day, at = self.asked
        return super().get_context_data(
            day=day, time="" if at == time.max else at.isoformat("minutes"), known=self.as_known, closing=closing_of(day), **kwargs
        )


class Receive(FormPage):
    """Goods came in: against an expected receipt (`?receipt=`) or unannounced."""

    verb = "stock.receive"
    title = gettext_lazy("Receive goods")
    crumbs = STOCK
    form_class = ReceiveForm
    main_label = gettext_lazy("Receive")
    template_name = "inventory/stock/receive.html"
    success_url = reverse_lazy("inventory:receive")

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "user": self.request.user}

    def get_initial(self) -> dict[str, Any]:
        asked = self.request.GET.get("receipt", "")
        receipt = open_receipts(self.request.user).filter(pk=int(asked)).first() if asked.isdecimal() else None
        if receipt is None:
            return {"product": self.request.GET.get("product", "")}
        return {
            "receipt": receipt.pk, "location": receipt.location.code, "product": receipt.product.sku,
            "quantity": receipt.quantity - receipt.received,
        }  # fmt: skip

    def run(self, form: ReceiveForm) -> list[int]:
        data = form.cleaned_data
        receipt = data["receipt"]
        row = Received(data["product"].pk, data["quantity"], receipt and receipt.pk, data["bin"], data["lot"], data["expires_on"])
        return receive(data["location"].pk, [row], source=form.source, by=self.request.user)

    def get_done_message(self) -> str:
        data = self.get_form().data
        return _("Received %(quantity)s × %(sku)s.") % {"quantity": data["quantity"], "sku": data["product"]}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        table = ReceiptTable(open_receipts(self.request.user)[:SHOWN_RECEIPTS], orderable=False)
        RequestConfig(self.request, paginate=False).configure(table)
        return super().get_context_data(table=table, **kwargs)


class PutAwayGoods(FormPage):
    """Goods lie in another bin now; what lies in none yet is offered below."""

    verb = "stock.put_away"
    title = gettext_lazy("Put away")
    crumbs = STOCK
    form_class = PutAwayForm
    main_label = gettext_lazy("Put away")
    template_name = "inventory/stock/put_away.html"

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "user": self.request.user}

    def get_initial(self) -> dict[str, Any]:
        return {name: self.request.GET.get(name, "")[:40] for name in ("location", "product", "bin", "lot", "quantity")}

    def run(self, form: PutAwayForm) -> list[int]:
        data = form.cleaned_data
        row = PutAway(data["product"].pk, data["quantity"], data["to_bin"], data["bin"], data["lot"])
        return put_away(data["location"].pk, [row], source=form.source, by=self.request.user)

    def get_success_url(self) -> str:
        return f"{reverse('inventory:put-away')}?{urlencode({'location': self.get_form().data.get('location', '')})}"

    def get_done_message(self) -> str:
        data = self.get_form().data
        return _("%(quantity)s × %(sku)s lie in %(bin)s.") % {"quantity": data["quantity"], "sku": data["product"], "bin": data["to_bin"]}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(waiting=to_put_away(self.request.user), **kwargs)


class Adjust(FormPage):
    """What lies there is not what the books say."""

    verb = "stock.adjust"
    title = gettext_lazy("Adjust stock")
    crumbs = STOCK
    form_class = AdjustForm
    main_label = gettext_lazy("Adjust")

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "user": self.request.user}

    def get_initial(self) -> dict[str, Any]:
        return {name: self.request.GET.get(name, "") for name in ("location", "product", "bin", "lot")}

    def run(self, form: AdjustForm) -> str:
        data = form.cleaned_data
        change = Change(data["product"].pk, data["bin"], data["lot"], data["delta"])
        self.proposed = adjust_or_propose(
            data["location"].pk, [change], data["reason"], data["note"], by=self.request.user, source=form.source
        )
        self.delta = abs(data["delta"])
        return str(data["product"].sku)

    def get_success_url(self) -> str:
        return reverse("inventory:stock-card", args=[self.result])

    def get_done_message(self) -> str:
        if self.proposed:
            return _("It is worth %(amount)s: proposed, and posted when a manager confirms it.") % {"amount": money(self.proposed.amount)}
        return ngettext("Adjusted by %(n)s unit.", "Adjusted by %(n)s units.", self.delta) % {"n": self.delta}


class ProductOptions(OptionsView):
    """Products for the comboboxes of the warehouse's forms."""

    verb = "stock.read"

    def options(self, q: str) -> list[Option]:
        return [Option(product.sku, str(product), product.family) for product in search_products(q)]
