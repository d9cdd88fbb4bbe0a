"""Filters of messages."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from orders.channels.choices import MessageState
from orders.channels.models import Message, TradingPartner
from orders.channels.selectors import visible_partners


def partners(request: Any) -> QuerySet[TradingPartner]:
    """The partners this person sees."""
    return visible_partners(request.user).order_by("name") if request else TradingPartner.objects.none()


class MessageFilterSet(django_filters.FilterSet):
    """By words (number, the sender's number, order), partner and state."""

    q = django_filters.CharFilter(method="by_words", label=_("Number, their number or order"))
    partner = django_filters.ModelChoiceFilter(queryset=partners, to_field_name="code", label=_("From"), empty_label=_("All"))
    state = django_filters.ChoiceFilter(choices=MessageState.choices, label=_("State"), empty_label=_("All"))

    class Meta:
        model = Message
        fields: list[str] = []

    def by_words(self, queryset: QuerySet[Message], name: str, value: str) -> QuerySet[Message]:
        """A message's number, the sender's of the order, or ours."""
        word = value.replace("\x00", "").strip()
        return queryset.filter(Q(number__iexact=word) | Q(external_id__iexact=word) | Q(order__number__iexact=word) | Q(order__customer_po__iexact=word))
