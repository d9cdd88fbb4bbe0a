"""The daily close, the months, and the button that proposes to cancel an invoice."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.urls import reverse, reverse_lazy
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.accounts.policies import may
from oms.kernel.dates import next_month
from oms.kernel.errors import NotFound
from oms.web.views import ActionPage, Page
from orders.invoicing.selectors import loose_at, loose_ends
from orders.invoicing.services import propose_cancel_invoice
from payments.billing.models import ReceivableEntry
from payments.billing.selectors import (
    Owed,
    closed_months,
    compared,
    last_closed,
    last_of,
    months_with_postings,
    owed_on,
    rolled,
    standing_close,
    visible_invoices,
)
from payments.billing.services import close_month, month_of, propose_reopen_month


class CancelInvoice(ActionPage):
    """Propose to cancel the invoice of the URL, with a reason; a manager confirms it."""

    verb = "orders.propose_cancel_invoice"
    done = gettext_lazy("Proposed. The invoice is cancelled once a manager confirms it.")

    def run(self) -> Any:
        number = self.kwargs["invoice"]
        found = visible_invoices(self.request.user).filter(number=number).first() if "\x00" not in number else None
        if found is None:
            raise NotFound(_("There is no invoice %(number)s.") % {"number": number})
        return propose_cancel_invoice(found.pk, self.request.POST.get("reason", "")[:300], by=self.request.user)

    def get_success_url(self) -> str:
        return reverse("payments:invoice-detail", args=[self.kwargs["invoice"]])


KINDS = {
    "unbanked": (gettext_lazy("Collected, not banked"), "payments:receipt-list"),
    "unmatched": (gettext_lazy("Bank lines to match"), "payments:bank-lines"),
    "unbilled": (gettext_lazy("Shipped, not invoiced (net)"), "payments:invoice-list"),
    "unapplied": (gettext_lazy("Money on account"), "payments:receivables"),
    "credits": (gettext_lazy("Credit notes on account"), "payments:credit-note-list"),
}


MONTH_KINDS = {
    **{kind: KINDS[kind] for kind in ("unbanked", "unmatched", "unbilled")},
    "quarantined": (gettext_lazy("Statements in quarantine"), "payments:statement-list"),
    "silent": (gettext_lazy("Accounts without a statement to the end"), "payments:statement-list"),
}


class DailyClose(Page):
    """What is loose at the end of the day: unbanked, unmatched, unbilled, unapplied money."""

    verb = "orders.view_close"
    title = gettext_lazy("Daily close")
    template_name = "orders/invoicing/close.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found = loose_ends()
        rows = [{"label": label, "url": reverse(url), "found": [x for x in found if x.kind == kind]} for kind, (label, url) in KINDS.items()]
        return super().get_context_data(rows=rows, clean=not found, **kwargs)


MONTHS = (gettext_lazy("Months"), reverse_lazy("orders:month-list"))


class MonthList(Page):
    """The months that have postings: open or closed, by whom, what was owed at the last day."""

    verb = "orders.view_close"
    title = gettext_lazy("Months")
    crumbs = ((gettext_lazy("Daily close"), reverse_lazy("orders:daily-close")),)
    template_name = "orders/invoicing/months.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        closings = list(closed_months()[:60])
        standing = {x.month: x for x in closings if x.reopened_at is None}
        last = last_closed()
        months = [{"month": m, "code": f"{m:%Y-%m}", "closing": standing.get(m), "closed": last is not None and m <= last,
                   "over": last_of(m) < localdate()} for m in months_with_postings()]  # fmt: skip
        return super().get_context_data(months=months, reopened=[x for x in closings if x.reopened_at], **kwargs)


class MonthClose(Page):
    """One month: how what is owed came about, the ledger beside the documents, what is loose; close it, or ask to open it."""

    verb = "orders.view_close"
    crumbs = (MONTHS,)
    template_name = "orders/invoicing/month.html"

    def get_title(self) -> str:
        return _("Month %(month)s") % {"month": self.kwargs["month"]}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        month, today, user = month_of(kwargs.pop("month")), localdate(), self.request.user
        last, closing, latest = last_of(month), standing_close(month), last_closed()
        loose = loose_at(last)
        documents = {x.currency: x for x in owed_on(last, today)}
        ledger = rolled(month)
        sums = [(x, documents.get(x.currency, Owed(x.currency, Decimal(0), Decimal(0)))) for x in ledger]
        check = compared(month)
        agree = all(x.closing == owed.balance for x, owed in sums) and not any(x.difference or x.documents != x.entries for x in check)
        closed = latest is not None and month <= latest
        return super().get_context_data(
            first=month, last=last, closing=closing, closed=closed, sums=sums, agree=agree, loose=loose,
            check=[(ReceivableEntry.Kind(x.kind).label, x) for x in check],
            kinds=[(word, [(x, x.kinds[kind]) for x in ledger if kind in x.kinds]) for kind, word in ReceivableEntry.Kind.choices],
            rows=[(label, reverse(url), [x for x in loose if x.kind == kind]) for kind, (label, url) in MONTH_KINDS.items()],
            closes=not closed and last < today and (latest is None or month == next_month(latest)) and may(user, "payments.close_month"),
            reopens=closing is not None and month == latest and may(user, "payments.propose_reopen_month"), code=f"{month:%Y-%m}", **kwargs,
        )  # fmt: skip


class MonthAction(ActionPage):
    """An action on the month of the URL."""

    def get_success_url(self) -> str:
        return reverse("orders:month-close", args=[self.kwargs["month"]])


class CloseMonth(MonthAction):
    """Close it."""

    verb = "payments.close_month"
    done = gettext_lazy("The month is closed: nothing is posted into it any more.")

    def run(self) -> Any:
        return close_month(month_of(self.kwargs["month"]), self.request.POST.get("reason", "")[:500], by=self.request.user)


class ReopenMonth(MonthAction):
    """Ask a second person to open it again."""

    verb = "payments.propose_reopen_month"
    done = gettext_lazy("Proposed. The month is open again once somebody else of finance or a manager confirms it.")

    def run(self) -> Any:
        return propose_reopen_month(month_of(self.kwargs["month"]), self.request.POST.get("reason", "")[:500], by=self.request.user)
