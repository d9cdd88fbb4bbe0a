"""Choices of planning."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class ScheduleKind(TextChoices):
    CLAIM = "claim", _("Claim")
    PLAN = "plan", _("Plan")


class PromiseKind(TextChoices):
    QUOTED = "quoted", _("Quoted")
    FIRST = "first", _("First")
    CURRENT = "current", _("Current")
    ACTUAL = "actual", _("Actual")


class Source(TextChoices):
    STOCK = "stock", _("From stock")
    RECEIPT = "receipt", _("From an expected receipt")
    NONE = "none", _("No supply in sight")


class RunState(TextChoices):
    RUNNING = "running", _("Running")
    PUBLISHED = "published", _("Published")
    FAILED = "failed", _("Failed")
