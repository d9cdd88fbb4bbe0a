"""What invoices and accounts can be narrowed by: the same sets for page and export."""

from __future__ import annotations

import django_filters
from django.db.models import F, Q, QuerySet
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy as _

from customers.parties.selectors import begins, found_by_words
from customers.territory.models import Post, Territory
from oms.web.forms import DayInput
from payments.billing.models import Invoice, InvoiceOrder, ProForma
from payments.billing.selectors import NEXT_DUE
from payments.credit.models import CreditAccount
from payments.credit.selectors import EXPOSURE

OPEN_ONES = Q(total__gt=F("applied") + F("credited"))


class InvoiceFilterSet(django_filters.FilterSet):
    """By words, state and date."""

    q = django_filters.CharFilter(method="by_words", label=_("Number, order or customer"))
    state = django_filters.ChoiceFilter(
        choices=[("open", _("Open")), ("overdue", _("Overdue")), ("settled", _("Settled"))], method="by_state", label=_("State")
    )
    since = django_filters.DateFilter(field_name="invoice_date", lookup_expr="gte", label=_("From"), widget=DayInput)
    until = django_filters.DateFilter(field_name="invoice_date", lookup_expr="lte", label=_("Until"), widget=DayInput)

    class Meta:
        model = Invoice
        fields: list[str] = []

    def by_words(self, queryset: QuerySet[Invoice], name: str, value: str) -> QuerySet[Invoice]:
        """An invoice's, order's, shipment's or the customer's own number, the customer's code, or a part of the name."""
        word = value.replace("\x00", "").strip()
        shared = Q(pk__in=InvoiceOrder.objects.filter(begins("order_number", word) | Q(customer_po=word)).values("invoice_id"))
        return found_by_words(queryset, word, begins("number", word), begins("order_number", word),
                              Q(customer_po=word), Q(shipment_number=word), shared)  # fmt: skip

    def by_state(self, queryset: QuerySet[Invoice], name: str, value: str) -> QuerySet[Invoice]:
        """Open ones stand behind their partial index."""
        if value == "settled":
            return queryset.exclude(OPEN_ONES)
        rows = queryset.filter(OPEN_ONES)
        if value == "overdue":
            today = localdate()
            rows = rows.filter(due_date__lt=today).alias(first_open=NEXT_DUE).filter(Q(instalments=1) | Q(first_open__lt=today))
        return rows


class ProFormaFilterSet(django_filters.FilterSet):
    """By words and state."""

    q = django_filters.CharFilter(method="by_words", label=_("Number, order or customer"))
    state = django_filters.ChoiceFilter(
        choices=[("open", _("Waits for money")), ("paid", _("Paid")), ("withdrawn", _("Withdrawn"))], method="by_state", label=_("State")
    )

    class Meta:
        model = ProForma
        fields: list[str] = []

    def by_words(self, queryset: QuerySet[ProForma], name: str, value: str) -> QuerySet[ProForma]:
        """A pro forma's, order's or the customer's own number, the customer's code, or a part of the name."""
        word = value.replace("\x00", "").strip()
        return found_by_words(queryset, word, begins("number", word), begins("order_number", word), Q(customer_po=word))

    def by_state(self, queryset: QuerySet[ProForma], name: str, value: str) -> QuerySet[ProForma]:
        """Open ones stand behind their partial index."""
        if value == "withdrawn":
            return queryset.filter(withdrawn=True)
        waiting = Q(withdrawn=False, paid__lt=F("due"))
        return queryset.filter(waiting) if value == "open" else queryset.filter(withdrawn=False, paid__gte=F("due"))


class AccountFilterSet(django_filters.FilterSet):
    """By payer and by what is wrong."""

    q = django_filters.CharFilter(method="by_words", label=_("Customer"))
    state = django_filters.ChoiceFilter(
        choices=[("overdue", _("Overdue")), ("over", _("Above the limit")), ("blocked", _("Blocked"))], method="by_state",
        label=_("State"),
    )  # fmt: skip

    class Meta:
        model = CreditAccount
        fields: list[str] = []

    def by_words(self, queryset: QuerySet[CreditAccount], name: str, value: str) -> QuerySet[CreditAccount]:
        """The payer's or a member's code, or a part of the payer's name."""
        word = value.replace("\x00", "").strip()
        return queryset.filter(
            Q(payer__code__istartswith=word) | Q(payer__name__icontains=word) | Q(members__customer__code=word)
        ).distinct()

    def by_state(self, queryset: QuerySet[CreditAccount], name: str, value: str) -> QuerySet[CreditAccount]:
        """As the account's page says."""
        if value == "blocked":
            return queryset.filter(blocked=True)
        return queryset.filter(amount_overdue__gt=0) if value == "overdue" else queryset.filter(limit__lt=EXPOSURE)


class AsOfFilterSet(django_filters.FilterSet):
    """The day of an ageing, of whom, and by what."""

    on = django_filters.DateFilter(method="on_day", label=_("At the end of"), widget=DayInput)
    by = django_filters.ChoiceFilter(
        method="on_day", label=_("Rows"), empty_label=_("Customer"), choices=[("post", _("Post")), ("territory", _("Region"))]
    )
    post = django_filters.ModelChoiceFilter(
        method="on_day", label=_("Post"), queryset=Post.objects.order_by("name"), to_field_name="code", empty_label=_("All")
    )
    territory = django_filters.ModelChoiceFilter(
        method="on_day", label=_("Region"), queryset=Territory.objects.order_by("name"), to_field_name="code", empty_label=_("All")
    )

    class Meta:
        model = Invoice
        fields: list[str] = []

    def on_day(self, queryset: QuerySet[Invoice], name: str, value: object) -> QuerySet[Invoice]:
        """The view asks for itself: the rows are no queryset."""
        return queryset
