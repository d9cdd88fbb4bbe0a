"""Pages of what the bank says: lines, statements, a file in, a line by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpResponse
from django.urls import reverse, reverse_lazy
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from oms.accounts.policies import may
from oms.kernel.errors import NotFound, OMSError
from oms.web.format import money
from oms.web.views import ActionPage, FormPage, ListPage
from payments.bank.filters import LineFilterSet
from payments.bank.forms import ImportForm, KeyLineForm
from payments.bank.models import BankStatement
from payments.bank.selectors import (
    gaps,
    line_rows,
    open_lines,
    progress,
    statements,
)
from payments.bank.services import (
    Imported,
    import_statement,
    record_bank_line,
    release_statement,
    try_statement,
)
from payments.bank.tables import LineTable, StatementTable

BANK = (gettext_lazy("Bank"), reverse_lazy("payments:bank-lines"))
STATEMENTS = (gettext_lazy("Statements"), reverse_lazy("payments:statement-list"))


class LineList(ListPage):
    """Every bank line, those to match first."""

    verb = "payments.view_bank"
    title = gettext_lazy("Bank")
    template_name = "payments/bank/line_list.html"
    table_class = LineTable
    filterset_class = LineFilterSet

    def get_queryset(self) -> Any:
        return line_rows()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        waits = progress(open_lines())
        return super().get_context_data(waits=waits, applies=may(self.request.user, "payments.apply"), **kwargs)


class StatementList(ListPage):
    """Statements and how far each is matched."""

    verb = "payments.view_bank"
    title = gettext_lazy("Statements")
    crumbs = (BANK,)
    template_name = "payments/bank/statement_list.html"
    table_class = StatementTable

    def get_queryset(self) -> Any:
        return statements()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(imports=may(self.request.user, "payments.import_statement"), **kwargs)


class StatementDetail(ListPage):
    """One statement: its balances, whether they add up, its lines."""

    verb = "payments.view_bank"
    crumbs = (BANK, STATEMENTS)
    template_name = "payments/bank/statement_detail.html"
    table_class = LineTable
    filterset_class = LineFilterSet

    @cached_property
    def statement(self) -> BankStatement:
        found = statements().select_related("account", "release").filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise NotFound(_("There is no such statement."))
        return found

    def get_title(self) -> str:
        return _("Statement %(number)s") % {"number": self.statement.number}

    def get_queryset(self) -> Any:
        return line_rows().filter(statement_id=self.statement.pk)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        statement = self.statement
        released = getattr(statement, "release", None)
        missing = None if released else statement.difference or gaps([statement.pk]).get(statement.pk)
        return super().get_context_data(
            statement=self.statement, missing=missing, released=released, releases=bool(missing or statement.flaw and not released) and may(self.request.user, "payments.release_statement"), **kwargs
        )


class ReleaseStatement(ActionPage):
    """A quarantined statement stands as it is."""

    verb = "payments.release_statement"
    done = gettext_lazy("The statement is released: its lines may post by rule.")

    def run(self) -> Any:
        return release_statement(self.kwargs["pk"], self.request.POST.get("reason", "")[:300], by=self.request.user)

    def get_success_url(self) -> str:
        return reverse("payments:statement-detail", args=[self.kwargs["pk"]])


class ImportStatement(FormPage):
    """A file of the bank comes in, whole or not at all; `try` only says what it would bring."""

    verb = "payments.import_statement"
    title = gettext_lazy("Import a statement")
    crumbs = (BANK, STATEMENTS)
    form_class = ImportForm
    main_label = gettext_lazy("Import")
    template_name = "payments/bank/import.html"

    def form_valid(self, form: ImportForm) -> HttpResponse:
        if "try" not in self.request.POST:
            return super().form_valid(form)
        try:
            tried = self.run(form, only_try=True)
        except OMSError as error:
            return self.refuse(error, form)
        return self.render_to_response(self.get_context_data(form=form, tried=brought(tried)))

    def run(self, form: ImportForm, only_try: bool = False) -> Imported:
        file, account = form.cleaned_data["file"], form.cleaned_data["account"]
        do = try_statement if only_try else import_statement
        return do(file.read(), file.name or "", by=self.request.user, account_id=account and account.pk)

    def get_done_message(self) -> str:
        return " ".join(brought(self.result))

    def get_success_url(self) -> str:
        found = self.result.statements
        return reverse("payments:statement-detail", args=[found[0]]) if len(found) == 1 else reverse("payments:statement-list")


def brought(result: Imported) -> list[str]:
    """What a file brought, in sentences."""
    said = [
        ngettext("%(n)s new line.", "%(n)s new lines.", result.new) % {"n": result.new}
        if result.new or not result.known
        else _("Nothing new: the file came in before.")
    ]
    if result.known:
        said.append(ngettext("%(n)s line was known.", "%(n)s lines were known.", result.known) % {"n": result.known})
    for number, difference in result.differences:
        said.append(_("Statement %(number)s does not add up by %(amount)s.") % {"number": number, "amount": money(difference)})
    said += [_("Statement %(number)s: %(flaw)s.") % {"number": number, "flaw": flaw} for number, flaw in result.flaws]
    return said


class KeyLine(FormPage):
    """A bank line by hand."""

    verb = "payments.record_bank_line"
    title = gettext_lazy("Key a bank line")
    crumbs = (BANK,)
    form_class = KeyLineForm
    main_label = gettext_lazy("Record")

    def get_initial(self) -> dict[str, Any]:
        return {"value_date": date.today()}

    def run(self, form: KeyLineForm) -> int:
        return record_bank_line(form.cleaned_data["account"].pk, form.line(), by=self.request.user)

    def get_success_url(self) -> str:
        return reverse("payments:bank-line", args=[self.result])

    def get_done_message(self) -> str:
        return _("The line is recorded.")
