"""Filters of the mailbox."""

from __future__ import annotations

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from customers.parties.models import Customer
from oms.mail.choices import MailStatus
from oms.mail.models import Mail
from orders.letters.choices import LetterKind


class MailFilterSet(django_filters.FilterSet):
    """By words (title, address, customer), kind and state."""

    q = django_filters.CharFilter(method="by_words", label=_("Title, address or customer"))
    kind = django_filters.ChoiceFilter(choices=LetterKind.choices, label=_("Kind"), empty_label=_("All"))
    status = django_filters.ChoiceFilter(choices=MailStatus.choices, label=_("State"), empty_label=_("All"))

    class Meta:
        model = Mail
        fields: list[str] = []

    def by_words(self, queryset: QuerySet[Mail], name: str, value: str) -> QuerySet[Mail]:
        """A part of the title or the address, a customer's code or part of the name."""
        word = value.replace("\x00", "").strip()
        customers = Customer.objects.filter(Q(code__iexact=word) | Q(name__icontains=word)).values("pk")
        return queryset.filter(Q(title__icontains=word) | Q(to_address__icontains=word) | Q(customer_id__in=customers))
