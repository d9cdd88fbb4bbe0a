"""Public holidays of a country as calendar days, from the `holidays` library (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import holidays


def public_holidays(country: str, years: Iterable[int], subdivision: str = "") -> list[tuple[date, str]]:
    """(day, name) of every public holiday of an ISO country (and its subdivision) in `years`, sorted."""
    found = holidays.country_holidays(country, subdiv=subdivision or None, years=sorted(set(years)))
    return sorted(found.items())
