"""The page of many lines: what each would pay, the best of it, chosen and posted together."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from oms.kernel.errors import Invalid, OMSError
from oms.web import navigation
from oms.web.views import Page, RefusalMixin
from payments.bank.domain import Proposal
from payments.bank.models import BankLine
from payments.bank.selectors import best_offers, open_lines
from payments.bank.services import Chosen, Posted, post_chosen
from payments.bank.views.lines import BANK
from payments.bank.views.matching import reasons

LINES = 100


class Proposals(RefusalMixin, Page):
    """The oldest lines to match, each with its best proposal; what is certain is chosen already. Posting posts what is chosen."""

    verb = "payments.apply"
    title = gettext_lazy("Proposals")
    crumbs = (BANK,)
    template_name = "payments/bank/proposals.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        waiting = open_lines()
        found = best_offers(list(waiting[:LINES]))
        rows = [(line, offer, reasons(offer.proposal, line.currency_id), shown(line, offer.proposal)) for line, offer in found]
        return super().get_context_data(rows=rows, looked=min(LINES, waiting.count()), waiting=waiting.count(), **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Post what was chosen; what changed meanwhile is shown again."""
        try:
            done = post_chosen(chosen(request.POST), by=request.user)
        except OMSError as error:
            return self.render_to_response(self.get_context_data(refusal=error), status=error.status)
        messages.success(request, said(done))
        navigation.forget_counts(request.user)
        return HttpResponseRedirect(reverse("payments:bank-proposals"))


def shown(line: BankLine, proposal: Proposal) -> str:
    """What the form sends back of a proposal."""
    parts = [[[i, str(amount)] for i, amount in rows] for rows in (proposal.allocations, proposal.discounts)]
    return json.dumps([str(line.unmatched), proposal.customer_id, *parts], separators=(",", ":"))


def chosen(data: Any) -> list[Chosen]:
    """The proposals whose boxes are ticked, as they were shown. Raises Invalid `bad_lines`."""
    found = []
    for line in data.getlist("line"):
        try:
            left, customer, pays, keeps = json.loads(data.get(f"shown-{line}", ""))
            rows = [tuple((int(i), Decimal(amount)) for i, amount in part) for part in (pays, keeps)]
            found.append(Chosen(int(line), Decimal(left), int(customer), *rows))
        except (ValueError, TypeError, InvalidOperation, RecursionError) as error:
            raise Invalid(_("Choose lines of the page."), code="bad_lines") from error
    amounts = [x.unmatched for x in found] + [a for x in found for _i, a in (*x.allocations, *x.discounts)]
    ids = [n for x in found for n in (x.line_id, x.customer_id, *(i for i, _a in (*x.allocations, *x.discounts)))]
    if not all(a.is_finite() for a in amounts) or any(abs(n) >= 2**63 for n in ids):
        raise Invalid(_("Choose lines of the page."), code="bad_lines")
    return found


def said(done: Posted) -> str:
    """What was posted, and what was not."""
    text = ngettext("%(n)s line posted.", "%(n)s lines posted.", done.posted) % {"n": done.posted}
    if done.lost:
        text += " " + ngettext("%(n)s changed meanwhile: look again.", "%(n)s changed meanwhile: look again.", done.lost) % {"n": done.lost}
    return text
