"""Who sees which customers: the one row filter for lists, pages, reports, exports, API and search (PRODUCT.md section 8)."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import Q

from customers.territory.models import PostHolding
from oms.accounts.choices import Role

VISIBLE_POSTS = """
WITH RECURSIVE mine AS (
    SELECT p.id, p.territory_id FROM customers_postholding h JOIN customers_post p ON p.id = h.post_id
    WHERE h.user_id = %s AND h.during @> CURRENT_DATE
), below AS (
    SELECT territory_id AS id FROM mine
    UNION SELECT t.id FROM customers_territory t JOIN below ON t.parent_id = below.id
)
SELECT id FROM mine UNION SELECT p.id FROM customers_post p JOIN below ON p.territory_id = below.id
"""

BY_TERRITORY = (Role.SALES, Role.APPROVER, Role.MANAGER)


def visible_posts(user: Any) -> frozenset[int]:
    """The posts `user` holds today and every post in the subtree of their territories; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(VISIBLE_POSTS, [user.pk])
        return frozenset(row[0] for row in cursor.fetchall())


def customer_filter(user: Any, prefix: str = "") -> Q:
    """Condition on customers (reached by `prefix`) that `user` may see: all for finance, the subtree for sales,
    approvers and managers, the own one for partners, none for others."""
    path = f"{prefix}__" if prefix else ""
    if user.is_system or Role.FINANCE in user.roles:
        return Q()
    condition = Q(pk__in=[])
    if any(role in user.roles for role in BY_TERRITORY):
        condition |= Q(**{f"{path}post_id__in": visible_posts(user)})
    if Role.PARTNER in user.roles:
        condition |= Q(**{f"{path}users__user_id": user.pk})
    return condition


def holder(post_id: int, on: Any) -> int | None:
    """Who holds the post on a day, or None while it is vacant."""
    found = PostHolding.objects.filter(post_id=post_id, during__contains=on).values_list("user_id", flat=True)
    return found.first()
