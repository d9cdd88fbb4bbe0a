"""The shell shows from which post a person acts."""

from __future__ import annotations

from datetime import date
from typing import Any

from customers.territory.models import PostHolding
from oms.web.navigation import register_post_label


def post_of(user: Any) -> str:
    """The names of the posts held today."""
    names = PostHolding.objects.filter(user_id=user.pk, during__contains=date.today()).values_list("post__name", flat=True)
    return ", ".join(names)


register_post_label(post_of)
