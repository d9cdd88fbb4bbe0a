"""What balance confirmations can be narrowed by."""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from customers.parties.selectors import found_by_words
from oms.web.forms import DayInput
from payments.confirmations.models import BalanceConfirmation


class ConfirmationFilterSet(django_filters.FilterSet):
    """By customer, day and answer."""

    q = django_filters.CharFilter(method="by_words", label=_("Customer"))
    day = django_filters.DateFilter(label=_("At the end of"), widget=DayInput)
    state = django_filters.ChoiceFilter(choices=BalanceConfirmation.State.choices, label=_("Answer"))

    class Meta:
        model = BalanceConfirmation
        fields: list[str] = []

    def by_words(self, queryset: QuerySet[BalanceConfirmation], name: str, value: str) -> QuerySet[BalanceConfirmation]:
        """The customer's code, or a part of the name."""
        return found_by_words(queryset, value.replace("\x00", "").strip())
