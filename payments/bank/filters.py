"""What bank lines can be narrowed by."""

from __future__ import annotations

from contextlib import suppress

import django_filters
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from oms.web.forms import DayInput
from payments.bank.adapters.csv_lines import amount_of
from payments.bank.models import BankAccount, BankLine

STATES = [("unmatched", _("To match")), ("partly", _("Partly matched")), ("matched", _("Matched")), ("out", _("Money out"))]


class LineFilterSet(django_filters.FilterSet):
    """By words (payer, text, references, an amount), state, account and value date."""

    q = django_filters.CharFilter(method="by_words", label=_("Payer, reference or amount"))
    state = django_filters.ChoiceFilter(choices=STATES, method="by_state", label=_("State"))
    account = django_filters.ModelChoiceFilter(
        queryset=BankAccount.objects.order_by("name"), to_field_name="iban", label=_("Account")
    )
    since = django_filters.DateFilter(field_name="value_date", lookup_expr="gte", label=_("From"), widget=DayInput)
    until = django_filters.DateFilter(field_name="value_date", lookup_expr="lte", label=_("Until"), widget=DayInput)

    class Meta:
        model = BankLine
        fields: list[str] = []

    def by_words(self, queryset: QuerySet[BankLine], name: str, value: str) -> QuerySet[BankLine]:
        """A part of the payer, the text or a reference; the payer's account; or the amount, whichever way it is written."""
        word = value.replace("\x00", "").strip()
        found = (
            Q(counterparty__icontains=word) | Q(text__icontains=word) | Q(reference__icontains=word)
            | Q(bank_reference=word) | Q(counterparty_account=word.replace(" ", ""))
        )  # fmt: skip
        with suppress(ValueError):
            found |= Q(amount=amount_of(word))
        return queryset.filter(found)

    def by_state(self, queryset: QuerySet[BankLine], name: str, value: str) -> QuerySet[BankLine]:
        """Open lines stand behind the partial index of those with something unmatched."""
        if value == "out":
            return queryset.filter(amount__lt=-F("matched"))
        if value == "matched":
            return queryset.filter(Q(amount__gt=0, amount=F("matched")) | Q(amount__lt=0, amount=-F("matched")))
        rows = queryset.filter(amount__gt=0)
        return rows.filter(amount__gt=F("matched"), **({"matched__gt": 0} if value == "partly" else {}))
