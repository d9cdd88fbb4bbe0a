"""All calendar logic lives in two tables: when goods arrive that leave on a day, and the last day that is in time."""

from __future__ import annotations

from orders.planning.domain.jit import kernel
from orders.planning.domain.tables import Case


def inverse(deliver: list[int], arrivals: int) -> list[int]:
    """Of one lane: by arrival day, the last day that arrives by then, −1 when none does."""
    latest, day = [], -1
    for arrival in range(arrivals):
        while day + 1 < len(deliver) and deliver[day + 1] <= arrival:
            day += 1
        latest.append(day)
    return latest


@kernel
def in_time(case: Case, lane: int, requested: int) -> int:
    """The day to leave when stock lies there: the latest still in time, else the latest of the earliest arrival."""
    day = case.latest[lane * case.arrivals + min(max(requested, 0), case.arrivals - 1)]
    if day < 0:
        day = case.latest[lane * case.arrivals + case.deliver[lane * case.days]]
    return day


@kernel
def as_late(case: Case, lane: int, day: int) -> int:
    """The last day that arrives no later than goods leaving on `day`."""
    return case.latest[lane * case.arrivals + case.deliver[lane * case.days + day]]
