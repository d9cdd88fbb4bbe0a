"""Approval: policies as versioned data, and decisions by quantity as a ledger.

An order line's `quantity_approved` equals the sum of its decision rows (checked at commit), and a decision by a person
carries who entered and submitted the order, so that the database itself refuses self-approval.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from customers.territory.models import Territory
from oms.accounts.models import User
from oms.events.models import Event
from orders.book.models import Order, OrderLine


class ApprovalPolicy(models.Model):
    """One version of the rules. Up to `auto_limit` (order net) the policy itself approves, if discount and margin fit.

    `approver_limit` is what an approver may decide alone (up to `approver_max_discount`); above it a manager decides, above
    `second_above` two persons. Orders that a customer submits within `together_hours` count together. An order undecided for
    `escalate_hours` is shown to the post above. The latest active version rules new orders; an order keeps its version.
    """

    version = models.IntegerField(unique=True)
    active_from = models.DateTimeField()
    auto_limit = models.DecimalField(max_digits=18, decimal_places=3, default=0)
    auto_max_discount = models.DecimalField(max_digits=7, decimal_places=6, default=0)
    minimum_margin = models.DecimalField(max_digits=7, decimal_places=6, default=0)
    approver_limit = models.DecimalField(max_digits=18, decimal_places=3)
    approver_max_discount = models.DecimalField(max_digits=7, decimal_places=6, default=1)
    second_above = models.DecimalField(max_digits=18, decimal_places=3, null=True, blank=True)
    together_hours = models.SmallIntegerField(default=24)
    escalate_hours = models.SmallIntegerField(default=24)
    claim_days = models.SmallIntegerField(default=2, help_text=_("working days a claim lives"))
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name_plural = _("approval policies")
        constraints = [
            models.CheckConstraint(name="policy_limits", condition=Q(auto_limit__gte=0, approver_limit__gte=0)),
        ]


class PolicyLimit(models.Model):
    """Other limits of a policy version for customers of one class, of posts in one region and below, or of both.

    Of several that fit the one of the nearest region counts, then the one that names the class (`domain.fitting`).
    """

    policy = models.ForeignKey(ApprovalPolicy, on_delete=models.PROTECT, related_name="limits")
    customer_class = models.SmallIntegerField(null=True, blank=True)
    territory = models.ForeignKey(Territory, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    auto_limit = models.DecimalField(max_digits=18, decimal_places=3)
    approver_limit = models.DecimalField(max_digits=18, decimal_places=3)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["policy", "customer_class", "territory"], nulls_distinct=False, name="policy_limit_once"),
            models.CheckConstraint(name="policy_limit_amounts", condition=Q(auto_limit__gte=0, approver_limit__gte=0)),
            models.CheckConstraint(name="policy_limit_of_somebody", condition=Q(customer_class__isnull=False) | Q(territory__isnull=False)),
        ]


class Approval(models.Model):
    """One decision on an order, by a person (`by`) or by a policy version. Binds the order's content hash."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="approvals")
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    policy_version = models.IntegerField(null=True, blank=True)
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    submitted_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    amended_by = ArrayField(models.BigIntegerField(), default=list)
    content_hash = models.BinaryField(max_length=32)
    at = models.DateTimeField()
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="approval_by_one", condition=Q(by__isnull=False) ^ Q(policy_version__isnull=False)
            ),
            models.CheckConstraint(
                name="approval_not_own",
                condition=Q(by__isnull=True) | (~Q(by=F("entered_by")) & ~Q(by=F("submitted_by"))),
            ),
        ]


class ApprovalLine(models.Model):
    """What the decision did to one line: + `approved`, + `cut` (cancelled, with reason). Reductions are negative."""

    approval = models.ForeignKey(Approval, on_delete=models.PROTECT, related_name="lines")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="approval_lines")
    approved = models.BigIntegerField(db_default=0)
    cut = models.BigIntegerField(db_default=0)
    reason = models.CharField(max_length=30, blank=True, db_default="")
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="approval_cut_has_reason", condition=Q(cut__lte=0) | ~Q(reason="")
            ),
        ]
