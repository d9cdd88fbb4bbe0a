"""Pages of invoices and receivables: lists, one invoice, one account, ageing, statement of account. All of them read."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse, reverse_lazy
from django.utils.functional import cached_property
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.accounts.policies import may
from oms.company.selectors import company
from oms.events.selectors import timeline
from oms.kernel.errors import Invalid, NotFound
from oms.web import words
from oms.web.documents import pdf, pdf_response
from oms.web.views import ListPage, Page
from payments.billing.choices import AGE_WORDS
from payments.billing.documents import invoice_data, statement_data
from payments.billing.filters import AccountFilterSet, AsOfFilterSet, InvoiceFilterSet
from payments.billing.models import Invoice
from payments.billing.selectors import (
    account_statement,
    added_up,
    ageing,
    ageing_of,
    applied_to,
    credit_notes_of,
    open_credits,
    open_dispute,
    open_invoices,
    receivable_entries,
    tax_notes,
    unapplied_money,
    visible_invoices,
    within,
)
from payments.billing.selectors.places import PLACES
from payments.billing.tables import AccountTable, AgeingTable, InvoiceTable, PlaceAgeingTable, account_state
from payments.credit.models import CreditAccount
from payments.credit.selectors import EXPOSURE, open_proposals, own_account, visible_account, visible_accounts

INVOICES = (gettext_lazy("Invoices"), reverse_lazy("payments:invoice-list"))
RECEIVABLES = (gettext_lazy("Receivables"), reverse_lazy("payments:receivables"))
SHOWN, LAST = 200, 15
OLDEST = date(1990, 1, 1)


class InvoiceList(ListPage):
    """Invoices one may see."""

    verb = "payments.view_invoices"
    title = gettext_lazy("Invoices")
    table_class = InvoiceTable
    filterset_class = InvoiceFilterSet

    def get_queryset(self) -> Any:
        return visible_invoices(self.request.user).order_by("-invoice_date", "-pk")


class InvoiceMixin:
    """The invoice of the URL, within the row filter."""

    @cached_property
    def invoice(self) -> Invoice:
        rows = visible_invoices(self.request.user).prefetch_related("lines", "taxes", "customer__addresses")  # type: ignore[attr-defined]
        number = self.kwargs["invoice"]  # type: ignore[attr-defined]
        found = rows.filter(number=number).first() if "\x00" not in number else None
        if found is None:
            raise NotFound(_("There is no invoice %(number)s.") % {"number": number})
        return found


class InvoiceDetail(InvoiceMixin, Page):
    """One invoice: lines, tax groups, what was applied to it, where it came from."""

    verb = "payments.view_invoices"
    crumbs = (INVOICES,)
    template_name = "payments/billing/invoice_detail.html"

    def get_title(self) -> str:
        return self.invoice.number

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        kwargs.pop("invoice", None)  # the URL's number
        invoice, user = self.invoice, self.request.user
        inside = may(user, "payments.view_receivables")
        return super().get_context_data(
            invoice=invoice, lines=list(invoice.lines.all()), taxes=list(invoice.taxes.all()), inside=inside,
            orders=[] if invoice.order_id else list(invoice.orders.order_by("pk")),
            applications=applied_to(invoice.pk), notes=tax_notes(invoice), credit_notes=credit_notes_of(invoice.pk) if invoice.noted else [],
            dispute=open_dispute(invoice.pk), settles=may(user, "payments.settle_dispute"), disputes=may(user, "payments.dispute") and invoice.left > 0,
            credits=may(user, "payments.propose_credit") and invoice.noted < invoice.total, writes_off=may(user, "payments.propose_write_off") and invoice.left > 0,
            days_overdue=max(0, (localdate() - invoice.next_due).days) if invoice.open_amount else 0,
            timeline=words.entries(timeline("invoice", invoice.pk)) if inside else [], **kwargs,
        )  # fmt: skip


class InvoicePdf(InvoiceMixin, Page):
    """The invoice on paper."""

    verb = "payments.view_invoices"
    http_method_names = ["get"]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        data = invoice_data(self.invoice, company(), tax_notes(self.invoice))
        return pdf_response(self.invoice.number, pdf("payments/billing/invoice.typ", data))


class Receivables(ListPage):
    """Every credit account: what it owes in which bucket, against its limit."""

    verb = "payments.view_receivables"
    title = gettext_lazy("Receivables")
    template_name = "payments/billing/receivables.html"
    table_class = AccountTable
    filterset_class = AccountFilterSet

    def get_queryset(self) -> Any:
        return visible_accounts(self.request.user).annotate(used=EXPOSURE).order_by("-amount_overdue", "-used", "pk")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(tabs=tabs("receivables"), **kwargs)


def tabs(current: str) -> list[dict[str, Any]]:
    """The two looks at what is owed."""
    names = (("receivables", _("Accounts")), ("ageing", _("Ageing")))
    return [{"label": word, "url": reverse(f"payments:{name}"), "current": name == current} for name, word in names]


class Ageing(ListPage):
    """What customers owed at the end of any day, by days overdue; by customer, post or region."""

    verb = "payments.view_receivables"
    title = gettext_lazy("Receivables")
    template_name = "payments/billing/ageing.html"
    table_class = AgeingTable
    filterset_class = AsOfFilterSet

    @cached_property
    def on(self) -> date:
        return asked_day(self.request, "on", localdate())

    @cached_property
    def by(self) -> str:
        return self.request.GET.get("by", "") if self.request.GET.get("by") in PLACES else ""

    @cached_property
    def rows(self) -> list[Any]:
        rows = ageing(self.request.user, self.on, localdate())
        for place in PLACES:
            if code := self.request.GET.get(place):
                rows = within(rows, place, code)
        return added_up(rows, self.by) if self.by else rows

    def get_queryset(self) -> Any:
        return Invoice.objects.none()

    def get_table(self) -> AgeingTable:
        """By customer, or by place with rows that open their customers."""
        if not self.by:
            return AgeingTable(self.rows)
        return PlaceAgeingTable(self.rows, opens=f"{reverse('payments:ageing')}?on={self.on}&{self.by}=")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        table = self.get_table()
        if wanted := request.GET.get("export"):
            return self.export(table, wanted)
        self.paginate(table)
        asked = {"on": self.on, **{name: request.GET.get(name, "") for name in ("by", *PLACES)}}
        filterset = AsOfFilterSet(asked, queryset=Invoice.objects.none(), request=request)
        return self.render_to_response(self.get_context_data(table=table, filter=filterset, filtered=bool(request.GET)))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        sums: dict[str, list[Decimal]] = {}
        for row in self.rows:
            parts = (row.not_due, row.to_30, row.to_60, row.to_90, row.older, row.unapplied, row.balance)
            sums[row.currency] = [a + b for a, b in zip(sums.get(row.currency, [Decimal(0)] * len(parts)), parts, strict=True)]
        return super().get_context_data(tabs=tabs("ageing"), on=self.on, sums=sorted(sums.items()), ages=AGE_WORDS, **kwargs)


def asked_day(request: HttpRequest, name: str, otherwise: date) -> date:
    """A day of the address; raises Invalid `bad_date` for what is none."""
    text = request.GET.get(name, "")
    if not text:
        return otherwise
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise Invalid(_("“%(text)s” is not a date.") % {"text": text[:20]}, code="bad_date") from error
    return min(max(found, OLDEST), localdate() + timedelta(days=3_660))


class AccountMixin:
    """The account of the URL's customer, within the row filter."""

    @cached_property
    def account(self) -> CreditAccount:
        found = visible_account(self.request.user, self.kwargs["customer"])  # type: ignore[attr-defined]
        if found is None:
            raise NotFound(_("There is no such credit account."))
        return found


class AccountDetail(AccountMixin, Page):
    """One credit account: exposure by bucket, terms, what is open and how old, what is proposed, what happened."""

    verb = "payments.view_receivables"
    crumbs = (RECEIVABLES,)
    template_name = "payments/billing/account_detail.html"

    def get_title(self) -> str:
        return self.account.payer.name

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        account, user, today = self.account, self.request.user, localdate()
        items = list(open_invoices().filter(account_id=account.pk)[:SHOWN])
        ages = ageing_of(account.pk, today)
        return super().get_context_data(
            account=account, code=self.kwargs["customer"], state=account_state(account), left=account.limit - account.exposure, over=account.exposure - account.limit,
            items=[(x, max(0, (today - x.next_due).days)) for x in items], ages=list(zip(AGE_WORDS, ages, strict=True)),
            unapplied=unapplied_money(account.pk, SHOWN), credit_notes=open_credits(account.pk)[:SHOWN], charges=may(user, "payments.charge_fee"),
            postings=receivable_entries(account.pk, LAST),
            members=list(account.members.select_related("customer").order_by("customer__name")[:SHOWN]),
            proposals=[(p, p.proposed_by == user.pk) for p in open_proposals(account)],
            timeline=words.entries(timeline("credit_account", account.pk, 30)),
            lowers=may(user, "payments.lower_limit"), blocks=may(user, "payments.block_account") and not account.blocked,
            proposes=may(user, "payments.propose_terms"), confirms=may(user, "payments.confirm_terms"), **kwargs,
        )  # fmt: skip


class StatementOfAccount(AccountMixin, Page):
    """What an account owed at the end of any day, and how it came to it."""

    verb = "payments.view_receivables"
    template_name = "payments/billing/statement.html"

    @property
    def crumbs(self) -> Any:  # type: ignore[override]
        code = self.kwargs["customer"]
        return (RECEIVABLES, (self.account.payer.name, reverse("payments:account-detail", args=[code])))

    def get_title(self) -> str:
        return _("Statement of account")

    @cached_property
    def statement(self) -> Any:
        on = asked_day(self.request, "on", localdate())
        since = asked_day(self.request, "since", on - timedelta(days=90))
        return account_statement(self.account.pk, min(since, on), on)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        ages = list(zip(AGE_WORDS, self.statement.ages, strict=True))
        return super().get_context_data(
            account=self.account, code=self.kwargs["customer"], statement=self.statement, ages=ages, company=company(), **kwargs
        )


class OnPaper:
    """A statement of account as PDF."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        data = statement_data(self.account, self.statement, company())  # type: ignore[attr-defined]
        name = f"statement-{self.account.payer.code}-{self.statement.on}"  # type: ignore[attr-defined]
        return pdf_response(name, pdf("payments/billing/statement.typ", data))


class StatementPdf(OnPaper, StatementOfAccount):
    """The statement of account on paper."""

    http_method_names = ["get"]


class OwnStatement(StatementOfAccount):
    """A customer's own people: what they owe, and how it came to it. Of an account that others pay from, only the payer's."""

    verb = "payments.own_statement"
    crumbs = ()  # type: ignore[assignment]

    @cached_property
    def account(self) -> CreditAccount:
        found = own_account(self.request.user)
        if found is None:
            raise NotFound(_("There is no account in your name."), code="account_missing", clears=_("Ask who pays your invoices."))
        return found

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        self.kwargs["customer"] = self.account.payer.code
        return super().get_context_data(print_url=reverse("payments:own-statement-pdf"), **kwargs)


class OwnStatementPdf(OnPaper, OwnStatement):
    """One's own statement on paper."""

    http_method_names = ["get"]
