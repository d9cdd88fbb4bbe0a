"""The tree of territories, the posts in it, who holds them, and which post owns a customer: every edge dated.

A customer belongs to a post, never to a person: figures follow the post, and access follows the present holder.
"""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from oms.accounts.models import User


class Territory(models.Model):
    """A node of the region tree."""

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=100)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")

    class Meta:
        verbose_name_plural = _("territories")

    def __str__(self) -> str:
        return self.name


class Post(models.Model):
    """A job in a territory ("Sales, Lyon"); its queue goes one post up (`parent`) while nobody holds it."""

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=100)
    territory = models.ForeignKey(Territory, on_delete=models.PROTECT, related_name="posts")
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")

    def __str__(self) -> str:
        return self.name


class PostHolding(models.Model):
    """A person holds a post for a time; one holder a post and day."""

    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="holdings")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="post_holdings")
    during = DateRangeField()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="post_one_holder",
                expressions=[("post", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
            ),
        ]


class Delegation(models.Model):
    """Who holds a post (`by`) has somebody (`to`) stand in for some days: they see its subtree and decide by their own role.

    It counts while `by` holds the post; ended early, its last day moves.
    """

    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="delegations")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    to = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    during = DateRangeField()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="delegation_once",
                expressions=[("post", RangeOperators.EQUAL), ("to", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
            ),
            models.CheckConstraint(name="delegation_to_another", condition=~Q(by=F("to"))),
            models.CheckConstraint(name="delegation_dated", condition=Q(during__lower_inf=False, during__upper_inf=False)),
        ]


class CustomerPost(models.Model):
    """Which post owned a customer, and when; `Customer.post` repeats the present one."""

    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="post_history")
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="customer_history")
    during = DateRangeField()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="customer_one_post",
                expressions=[("customer", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
            ),
        ]
