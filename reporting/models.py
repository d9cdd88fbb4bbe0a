"""Gathers the models of the rooms: Django looks here."""

from reporting.facts.models import ClosedPeriod, ClosedPeriodPlace, Figure, FigureMark, Target
from reporting.problems.models import ProblemMark

__all__ = ["ClosedPeriod", "Figure", "FigureMark", "ClosedPeriodPlace", "ProblemMark", "Target"]
