"""Gathers the models of the rooms: Django looks here."""

from reporting.facts.models import ClosedPeriod, ClosedPeriodPlace, Figure, FigureMark, Target
from reporting.problems.models import ProblemMark
from reporting.scheduled.models import ScheduledReport

__all__ = ["ClosedPeriod", "Figure", "FigureMark", "ClosedPeriodPlace", "ProblemMark", "ScheduledReport", "Target"]
