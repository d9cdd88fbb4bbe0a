"""What a feed's messages can be narrowed by."""

from __future__ import annotations

import django_filters
from django.utils.translation import gettext_lazy as _

from inventory.feeds.choices import FeedKind, FeedState
from inventory.feeds.models import FeedMessage


class FeedMessageFilterSet(django_filters.FilterSet):
    """By state and kind."""

    state = django_filters.ChoiceFilter(choices=FeedState.choices, label=_("State"), empty_label=_("All"))
    kind = django_filters.ChoiceFilter(choices=FeedKind.choices, label=_("Kind"), empty_label=_("All"))

    class Meta:
        model = FeedMessage
        fields: list[str] = []
