"""Locks of posts: who holds one changes for one person at a time."""

from __future__ import annotations

from customers.territory.models import Delegation, Post


def lock_post(post_id: int) -> Post | None:
    """The post, locked."""
    return Post.objects.select_for_update(no_key=True).filter(pk=post_id).first()


def lock_delegation(delegation_id: int) -> Delegation | None:
    """A delegation, locked."""
    return Delegation.objects.select_for_update(no_key=True).filter(pk=delegation_id).first()
