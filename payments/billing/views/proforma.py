"""Pages of pro formas: what orders wait for before anything leaves. They read; money comes from the bank's pages."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.accounts.policies import may
from oms.company.selectors import company
from oms.events.selectors import timeline
from oms.kernel.errors import NotFound
from oms.web import words
from oms.web.documents import pdf, pdf_response
from oms.web.views import ListPage, Page
from payments.billing.documents import pro_forma_data
from payments.billing.filters import ProFormaFilterSet
from payments.billing.models import ProForma
from payments.billing.selectors import visible_pro_formas
from payments.billing.tables import ProFormaTable

PRO_FORMAS = (gettext_lazy("Pro formas"), reverse_lazy("payments:pro-forma-list"))


class ProFormaList(ListPage):
    """Pro formas one may see, the latest first."""

    verb = "payments.view_invoices"
    title = gettext_lazy("Pro formas")
    table_class = ProFormaTable
    filterset_class = ProFormaFilterSet

    def get_queryset(self) -> Any:
        return visible_pro_formas(self.request.user).order_by("-issued_date", "-pk")


class ProFormaMixin:
    """The pro forma of the URL, within the row filter."""

    @cached_property
    def pro_forma(self) -> ProForma:
        rows = visible_pro_formas(self.request.user).prefetch_related("lines", "customer__addresses")  # type: ignore[attr-defined]
        number = self.kwargs["number"]  # type: ignore[attr-defined]
        found = rows.filter(number=number).first() if "\x00" not in number else None
        if found is None:
            raise NotFound(_("There is no pro forma %(number)s.") % {"number": number})
        return found


class ProFormaDetail(ProFormaMixin, Page):
    """One pro forma: its lines, what is asked for, what is there."""

    verb = "payments.view_invoices"
    crumbs = (PRO_FORMAS,)
    template_name = "payments/billing/pro_forma_detail.html"

    def get_title(self) -> str:
        return self.pro_forma.number

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        kwargs.pop("number", None)  # the URL's
        found, inside = self.pro_forma, may(self.request.user, "payments.view_receivables")
        return super().get_context_data(
            pro_forma=found, lines=list(found.lines.all()), timeline=words.entries(timeline("pro_forma", found.pk)) if inside else [], **kwargs
        )


class ProFormaPdf(ProFormaMixin, Page):
    """The pro forma on paper."""

    verb = "payments.view_invoices"
    http_method_names = ["get"]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return pdf_response(self.pro_forma.number, pdf("payments/billing/invoice.typ", pro_forma_data(self.pro_forma, company())))
