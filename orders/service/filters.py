"""Filters of cases: the same for the page and the export."""

from __future__ import annotations

import django_filters
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.service.choices import LIVE, CaseKind, CaseStatus
from orders.service.models import Case

WHICH = (("", _("Not over")), ("mine", _("Given to me")), ("late", _("Out of time")), ("waiting", _("Waiting for the customer")),
         ("resolved", _("Resolved")), ("all", _("All")))  # fmt: skip


class CaseFilterSet(django_filters.FilterSet):
    """By words (number, title, customer, order), by what is to be done, and by kind. Without a choice: what is not over."""

    q = django_filters.CharFilter(method="by_words", label=_("Number, title, customer or order"))
    which = django_filters.ChoiceFilter(method="by_state", choices=WHICH[1:], label=_("Which"), empty_label=WHICH[0][1])
    kind = django_filters.ChoiceFilter(choices=CaseKind.choices, label=_("Kind"), empty_label=_("All"))

    class Meta:
        model = Case
        fields: list[str] = []

    @property
    def qs(self) -> QuerySet[Case]:
        rows = super().qs
        chosen = self.form.cleaned_data.get("which") if self.is_bound and self.is_valid() else ""
        return rows if chosen else rows.filter(status__in=LIVE)

    def by_state(self, queryset: QuerySet[Case], name: str, value: str) -> QuerySet[Case]:
        """What the choices say."""
        if value == "mine":
            return queryset.filter(assignee_id=self.request.user.pk, status__in=LIVE)
        if value == "late":
            now = timezone.now()
            return queryset.filter(Q(resolve_due__lt=now) | Q(responded_at=None, respond_due__lt=now), status=CaseStatus.OPEN)
        if value in (CaseStatus.WAITING, CaseStatus.RESOLVED):
            return queryset.filter(status=value)
        return queryset

    def by_words(self, queryset: QuerySet[Case], name: str, value: str) -> QuerySet[Case]:
        """A number of the case or its order, a part of the title or of the customer's name, the customer's code."""
        word = value.replace("\x00", "").strip()
        return queryset.filter(
            Q(number__iendswith=word) | Q(title__icontains=word) | Q(customer__name__icontains=word) | Q(customer__code__iexact=word)
            | Q(order__number__iexact=word)
        )  # fmt: skip
