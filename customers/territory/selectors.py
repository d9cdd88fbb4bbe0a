"""Who sees which customers: the one row filter for lists, pages, reports, exports, API and search (PRODUCT.md section 8)."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from customers.territory.models import Delegation, Post, PostHolding, Territory
from oms.accounts.choices import Role

VISIBLE_POSTS = """
WITH RECURSIVE mine AS (
    SELECT p.id, p.territory_id FROM customers_postholding h JOIN customers_post p ON p.id = h.post_id
    WHERE h.user_id = %(user)s AND h.during @> CURRENT_DATE
    UNION SELECT p.id, p.territory_id FROM customers_delegation d JOIN customers_post p ON p.id = d.post_id
    JOIN customers_postholding h ON h.post_id = d.post_id AND h.user_id = d.by_id AND h.during @> CURRENT_DATE
    WHERE %(delegated)s AND d.to_id = %(user)s AND d.during @> CURRENT_DATE
), below AS (
    SELECT territory_id AS id FROM mine
    UNION SELECT t.id FROM customers_territory t JOIN below ON t.parent_id = below.id
)
SELECT id FROM mine UNION SELECT p.id FROM customers_post p JOIN below ON p.territory_id = below.id
"""

BY_TERRITORY = (Role.SALES, Role.APPROVER, Role.MANAGER)


def visible_posts(user: Any, delegated: bool = True) -> frozenset[int]:
    """The posts `user` holds or stands in for today, and every post in the subtree of their territories; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(VISIBLE_POSTS, {"user": user.pk, "delegated": delegated})
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


# Vacant posts, each with the first held post above it.
CARED_FOR = """
WITH RECURSIVE held AS (SELECT post_id, user_id FROM customers_postholding WHERE during @> CURRENT_DATE),
up AS (
    SELECT p.id AS post, p.parent_id AS above FROM customers_post p WHERE p.id NOT IN (SELECT post_id FROM held)
    UNION ALL
    SELECT up.post, p.parent_id FROM up JOIN customers_post p ON p.id = up.above WHERE p.id NOT IN (SELECT post_id FROM held)
)
SELECT up.post FROM up JOIN held ON held.post_id = up.above WHERE held.user_id = %s
"""


def cared_for(user: Any) -> frozenset[int]:
    """The vacant posts whose queue goes up to a post that `user` holds today; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(CARED_FOR, [user.pk])
        return frozenset(row[0] for row in cursor.fetchall())


def delegations_of(user: Any) -> QuerySet[Delegation]:
    """What `user` gave to others or was given, that is not over, by its first day."""
    found = Delegation.objects.filter(Q(by=user) | Q(to=user), during__endswith__gt=timezone.now().date())
    return found.select_related("post", "by", "to").order_by("during", "pk")


def holder(post_id: int, on: Any) -> int | None:
    """Who holds the post on a day, or None while it is vacant."""
    found = PostHolding.objects.filter(post_id=post_id, during__contains=on).values_list("user_id", flat=True)
    return found.first()


def regions_up() -> dict[int, tuple[str, ...]]:
    """Post → the codes of its region and of those above it, its own first. Two statements."""
    parents = {pk: (code, parent) for pk, code, parent in Territory.objects.values_list("pk", "code", "parent_id")}

    def up(territory: int | None) -> tuple[str, ...]:
        return (parents[territory][0], *up(parents[territory][1])) if territory is not None else ()

    return {post: up(territory) for post, territory in Post.objects.values_list("pk", "territory_id")}
