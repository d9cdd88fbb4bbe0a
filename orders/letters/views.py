"""Pages of mail to customers: the mailbox, one mail, sending it again, who gets what with previews, and the link that stops a kind."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse, reverse_lazy
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from customers.parties.models import Customer
from customers.parties.selectors import visible_customers
from oms.accounts.policies import may
from oms.accounts.selectors import system_user
from oms.kernel.errors import NotFound, OMSError
from oms.mail.choices import MailStatus
from oms.mail.models import Mail
from oms.mail.registry import made
from oms.web.documents import pdf_response
from oms.web.views import ActionPage, ListPage, Page
from orders.letters.choices import LetterKind
from orders.letters.filters import MailFilterSet
from orders.letters.selectors import LATEST, contacts_of, rules_of, visible_mail, wanted
from orders.letters.services import preview, send_again, set_rules, stop, stopping
from orders.letters.tables import MailTable

LIST = (gettext_lazy("Mail"), reverse_lazy("orders:letter-list"))
PAGES = {"order": "orders:order-detail", "shipment": "orders:shipment-detail", "invoice": "payments:invoice-detail", "return": "orders:return-detail", "case": "orders:case-detail"}


class MailList(ListPage):
    """The mailbox: what was written to customers one may see."""

    verb = "letters.see"
    title = gettext_lazy("Mail to customers")
    table_class = MailTable
    filterset_class = MailFilterSet
    template_name = "orders/letters/mailbox.html"

    def get_queryset(self) -> Any:
        return visible_mail(self.request.user)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(server=bool(settings.MAIL_SERVER), **kwargs)


class OneMail:
    """The mail of the address, within the row filter."""

    request: HttpRequest
    kwargs: dict[str, Any]

    @cached_property
    def mail(self) -> Mail:
        """The mail; 404 for one that is not there."""
        found = visible_mail(self.request.user).filter(pk=min(self.kwargs["pk"], 2**62)).first()
        if found is None:
            raise Http404(_("There is no such mail."))
        return found


class MailDetail(OneMail, Page):
    """A mail as it was written, and sending it again."""

    verb = "letters.see"
    template_name = "orders/letters/mail.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        mail = self.mail
        over = mail.status not in (MailStatus.WAITING, MailStatus.SENDING)
        return super().get_context_data(
            title=mail.title, crumbs=[LIST], mail=mail, kind=LetterKind(mail.kind).label, over=over, server=bool(settings.MAIL_SERVER),
            contacts=contacts_of(mail.customer_id) if over and may(self.request.user, "letters.send_again", mail.customer_id) else [],
            again=list(Mail.objects.filter(resent_of=mail).order_by("pk")), **kwargs,
        )  # fmt: skip


class MailFile(OneMail, Page):
    """The PDF that goes along."""

    verb = "letters.see"
    http_method_names = ["get"]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.mail.file_kind or not self.mail.file_id:
            raise Http404(_("No file goes along with this mail."))
        return pdf_response(*made(self.mail.file_kind, self.mail.file_id))


class SendAgain(OneMail, ActionPage):
    """The same mail once more."""

    verb = "letters.send_again"
    done = gettext_lazy("It is sent again.")

    def run(self) -> Any:
        chosen = self.request.POST.get("contact", "")
        return send_again(self.mail.pk, int(chosen) if chosen.isdigit() and len(chosen) < 18 else 0, by=self.request.user)

    def get_success_url(self) -> str:
        return reverse("orders:letter-detail", args=[self.result.pk])


class OneCustomer:
    """The customer of the address, within the row filter."""

    request: HttpRequest
    kwargs: dict[str, Any]

    @cached_property
    def customer(self) -> Customer:
        """The customer; 404 for one that is not there."""
        found = visible_customers(self.request.user).filter(code=self.kwargs["code"]).first() if "\x00" not in self.kwargs["code"] else None
        if found is None:
            raise Http404(_("There is no customer %(code)s.") % {"code": self.kwargs["code"]})
        return found

    def crumbs_(self) -> list[tuple[Any, str]]:
        """Where one came from."""
        return [(self.customer.name, reverse("customers:customer-detail", args=[self.customer.code]))]


class Rules(OneCustomer, Page):
    """Which contact gets which kind of mail; each kind with a preview."""

    verb = "letters.see"
    template_name = "orders/letters/rules.html"
    http_method_names = ["get", "post"]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        contacts, rules = contacts_of(self.customer.pk), rules_of(self.customer.pk)
        rows = [
            {"kind": kind, "previews": kind in LATEST,
             "cells": [{"contact": c, "name": f"{c.pk}:{kind}", "wanted": c in wanted(contacts, rules, kind)} for c in contacts]}
            for kind in LetterKind
        ]  # fmt: skip
        return super().get_context_data(
            title=_("Mail to %(name)s") % {"name": self.customer.name}, crumbs=self.crumbs_(), customer=self.customer, contacts=contacts, rows=rows,
            setting=may(self.request.user, "letters.set_rules", self.customer.pk), **kwargs,
        )  # fmt: skip

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Keep the whole table: what is ticked is wanted."""
        ticked = set(request.POST.getlist("wanted"))
        chosen = {(c.pk, kind.value): f"{c.pk}:{kind}" in ticked for c in contacts_of(self.customer.pk) for kind in LetterKind}
        changed = set_rules(self.customer.pk, chosen, by=request.user)
        return self.render_to_response(self.get_context_data(changed=changed, saved=True))


class Preview(OneCustomer, Page):
    """How the customer's last occasion for a kind would be written now; nothing is sent."""

    verb = "letters.see"
    template_name = "orders/letters/preview.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        kind = self.kwargs["kind"]
        found = preview(kind, self.customer) if kind in LetterKind.values else None
        if found is None:
            raise NotFound(_("There is nothing yet to preview this kind with."), code="no_occasion")
        kwargs.pop("kind", None)
        crumbs = [*self.crumbs_(), (_("Mail"), reverse("orders:letter-rules", args=[self.customer.code]))]
        return super().get_context_data(title=found[0].title, crumbs=crumbs, body=found[1], file=found[0].file, kind=LetterKind(kind).label,
                                        customer=self.customer, **kwargs)  # fmt: skip


class Stop(View):
    """The link in a mail, for everybody who has it: asks first, then stops this kind for this contact."""

    http_method_names = ["get", "post"]

    def page(self, request: HttpRequest, status: int = 200, **context: Any) -> HttpResponse:
        """The small page outside of the shell."""
        return render(request, "orders/letters/stop.html", {"title": _("Mail from us"), **context}, status=status)

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        try:
            contact, kind = stopping(token)
        except OMSError as error:
            return self.page(request, error.status, refusal=error)
        return self.page(request, contact=contact, kind=LetterKind(kind).label)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        try:
            contact, kind = stop(token, by=system_user())
        except OMSError as error:
            return self.page(request, error.status, refusal=error)
        return self.page(request, contact=contact, kind=LetterKind(kind).label, stopped=True)
