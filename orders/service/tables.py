"""The table of cases."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from oms.web import format as fmt
from oms.web.tables import AgeColumn, Column, LinkColumn, StateColumn, Table
from orders.service.choices import Priority
from orders.service.models import Case


def case_url(record: Case) -> str:
    """The case's page."""
    return reverse("orders:case-detail", args=[record.number])


class DueColumn(Column):
    """Until when something is due: the moment that is nearer; past ones stand out."""

    css = "nowrap"

    def render(self, value: Any) -> Any:
        late = value < timezone.now()
        words = _("%(age)s over") % {"age": fmt.age(value)} if late else fmt.age(value)
        return fmt.time_tag(value, words, fmt.exact(value)) if not late else format_html('<span class="state trouble">{}</span>', fmt.time_tag(value, words, fmt.exact(value)))

    def value(self, value: Any) -> Any:
        return value


class TitleColumn(LinkColumn):
    """The title, with a mark when it is urgent."""

    def render(self, value: Any, record: Any) -> Any:
        link = super().render(value, record)
        return format_html('{} <span class="state attention">{}</span>', link, _("urgent")) if record.priority == Priority.URGENT else link


class WithColumn(Column):
    """Who has it; the customer's post when nobody was named."""

    def render(self, record: Case) -> Any:
        return record.assignee or format_html('<span class="quiet">{}</span>', record.customer.post.name)

    def value(self, record: Case) -> str:
        return str(record.assignee or record.customer.post.name)


class CaseTable(Table):
    """Cases, the most pressing first."""

    number = LinkColumn(verbose_name=_("Case"), url=case_url, priority=2)
    title = TitleColumn(verbose_name=_("About"), url=case_url, css="long")
    customer = Column(accessor="customer__name", verbose_name=_("Customer"), css="long", priority=2)
    kind = Column(verbose_name=_("Kind"), priority=3)
    order = Column(accessor="order__number", verbose_name=_("Order"), priority=3)
    status = StateColumn(verbose_name=_("State"), kinds={"waiting": "", "resolved": "done", "open": ""}, priority=2)
    due = DueColumn(verbose_name=_("Due"), orderable=False)
    assignee = WithColumn(verbose_name=_("With"), priority=2, empty_values=())
    opened_at = AgeColumn(verbose_name=_("Age"), priority=3)

    caption = _("Cases")
    empty_title = _("No cases here")
    empty_help = _("Press q on the page of an order, shipment, invoice or customer to open one.")

    def render_kind(self, record: Case) -> str:
        return record.get_kind_display()

    def row_url(self, record: Any) -> str:
        return case_url(record)

    class Meta:
        sequence = ("number", "title", "customer", "kind", "order", "status", "due", "assignee", "opened_at")


def question_url(record: Case) -> str:
    """The question's page, of the customer's own people."""
    return reverse("orders:question", args=[record.number])


class QuestionTable(Table):
    """What a customer asked, the latest first."""

    number = LinkColumn(verbose_name=_("Number"), url=question_url)
    status = StateColumn(verbose_name=_("State"), orderable=False)
    title = Column(verbose_name=_("About"), css="long")
    order = Column(accessor="order__number", verbose_name=_("Order"), priority=2)
    opened_at = AgeColumn(verbose_name=_("Asked"), priority=2)

    caption = _("Questions")
    empty_title = _("Nothing was asked yet")
    empty_help = _("Ask about an order from its page, or anything else here. What you asked stays here with our answers.")

    def row_url(self, record: Case) -> str:
        return question_url(record)

    class Meta:
        sequence = ("number", "status", "title", "order", "opened_at")
