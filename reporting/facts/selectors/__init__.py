"""Reads of figures, and what every report shares: whose customers one sees, which posts lie in a region."""

from reporting.facts.selectors.scope import Choices, Scope, choices, scope

__all__ = ["Choices", "Scope", "choices", "scope"]
