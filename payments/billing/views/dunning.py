"""Pages of reminders: what is due to be reminded, the button that writes them, each letter as PDF."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from oms.accounts.policies import may
from oms.company.selectors import company
from oms.kernel.errors import NotFound
from oms.web.documents import pdf, pdf_response
from oms.web.views import ActionPage, ListPage, Page
from payments.billing.documents import reminder_data
from payments.billing.selectors import notices, reminders_due
from payments.billing.services import dun
from payments.billing.tables import NoticeTable


class Reminders(ListPage):
    """Letters written, newest first; above them how many are due."""

    verb = "payments.view_receivables"
    title = gettext_lazy("Reminders")
    template_name = "payments/billing/reminders.html"
    table_class = NoticeTable

    def get_queryset(self) -> Any:
        return notices(self.request.user)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        writes = may(self.request.user, "payments.dun")
        due = reminders_due(localdate()) if writes else []
        return super().get_context_data(
            writes=writes, due=len(due), accounts=len({x.account_id for x in due}), amount=sum((x.open for x in due), Decimal(0)), **kwargs
        )


class WriteReminders(ActionPage):
    """Write all that are due today, one an account."""

    verb = "payments.dun"

    def run(self) -> Any:
        today = localdate()
        return dun(sorted({x.account_id for x in reminders_due(today)}), today, by=self.request.user)

    def get_done_message(self) -> str:
        return ngettext("%(n)s reminder is written.", "%(n)s reminders are written.", len(self.result)) % {"n": len(self.result)}

    def get_success_url(self) -> str:
        return reverse("payments:reminders")


class ReminderPdf(Page):
    """The letter."""

    verb = "payments.view_receivables"
    http_method_names = ["get"]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        number = self.kwargs["number"]
        rows = notices(request.user).prefetch_related("items__invoice", "account__payer__addresses")
        found = rows.filter(number=number).first() if "\x00" not in number else None
        if found is None:
            raise NotFound(_("There is no reminder %(number)s.") % {"number": number})
        return pdf_response(found.number, pdf("payments/billing/invoice.typ", reminder_data(found, company())))
