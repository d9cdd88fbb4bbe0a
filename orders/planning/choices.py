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


class Strategy(TextChoices):
    """What a plan run may do with the orders of a segment (PLANNING.md)."""

    WIN = "win", _("Win: whole and on time, before all others")
    GAIN = "gain", _("Gain: keeps its promise, takes what comes free first")
    IMPROVE = "improve", _("Improve: keeps its promise or gets a better one")
    SKIP = "skip", _("Skip: stays as it is")


class RunState(TextChoices):
    RUNNING = "running", _("Running")
    PUBLISHED = "published", _("Published")
    PROPOSED = "proposed", _("Proposed")
    REJECTED = "rejected", _("Rejected")
    UNDONE = "undone", _("Undone")
    FAILED = "failed", _("Failed")


class RunPolicy(TextChoices):
    """What a run is after (PLANNING.md)."""

    IMPROVE = "improve", _("Improve: nothing promised gets worse")
    STRICT = "strict", _("Strict: everything anew, by rank")
    OPTIMISE = "optimise", _("Optimise: by cost, every class protected")


class Outcome(TextChoices):
    BETTER = "better", _("Better")
    WORSE = "worse", _("Worse")
    QUOTED = "quoted", _("Claim moved")


class ChangeState(TextChoices):
    HELD = "held", _("Waits")
    PUBLISHED = "published", _("In force")
    LEFT = "left", _("Left as it was")
    UNDONE = "undone", _("Undone")
