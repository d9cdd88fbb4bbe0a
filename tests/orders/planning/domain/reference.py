"""A planner to read: STRICT, orders one after the other, in dictionaries and loops. The kernel must agree to the row.

It knows delivery rules, no-split lines, maximum rows, calendars and dated supply; not capacities, substitutes, frozen
rows, protections or maximum shipments. No pruning, no shortcuts: what the kernel skips for speed is tried here.
"""

from __future__ import annotations

from functools import cache
from typing import Any

WEIGHT = 1 << 30
NEVER = 1 << 60


class Reference:
    """Plans one instance; `rows` are (line, product, location, day, quantity), sorted."""

    def __init__(self, a: dict[str, Any]) -> None:
        self.a = {name: values.tolist() for name, values in a.items()}
        self.late_max = int(a["late_max"])
        self.free: dict[tuple[int, int], dict[int, int]] = {}
        for sku, place, day, quantity in sorted(zip(*(self.a[f"sup_{x}"] for x in ("sku", "loc", "day", "qty")), strict=True)):
            cell = self.free.setdefault((sku, place), {})
            cell[day] = max([0, *cell.values()]) + quantity  # cumulative: it never falls
        self.places = range(len(self.a["deliver"]))
        self.by_order: dict[int, list[int]] = {}
        for line, order in enumerate(self.a["line_order"]):
            self.by_order.setdefault(order, []).append(line)
        self.rows: list[tuple[int, int, int, int, int]] = []

    def plan(self) -> list[tuple[int, int, int, int, int]]:
        """All orders by rank."""
        for order in sorted(self.by_order, key=lambda o: self.a["order_rank"][o]):
            lines = sorted(
                self.by_order[order],
                key=lambda i: (self.a["line_sku"][i], self.a["line_qty"][i], self.a["line_nosplit"][i], self.a["line_maxrows"][i], i),
            )
            rule = self.a["order_complete"][order]
            rows = (self.partly, self.together, self.single)[rule](order, lines)
            for line, place, day, quantity in rows:
                sku = self.a["line_sku"][line]
                for at in self.free[sku, place]:
                    if at >= max(d for d in self.free[sku, place] if d <= day):
                        self.free[sku, place][at] -= quantity
                self.rows.append((line, sku, place, day, quantity))
        return sorted(self.rows)

    def available(self, sku: int, place: int, day: int) -> int:
        """What may leave on a day without missing later."""
        cell = self.free.get((sku, place), {})
        reached = [d for d in cell if d <= day]
        return min(free for d, free in cell.items() if d >= max(reached)) if reached else 0

    def arrival(self, order: int, place: int, day: int) -> int:
        return self.a["deliver"][place][self.a["order_zone"][order]][day]

    def latest(self, order: int, place: int, arrival: int) -> int:
        """The last day that arrives by then, −1 for none."""
        calendar = self.a["deliver"][place][self.a["order_zone"][order]]
        return max((day for day, there in enumerate(calendar) if there <= arrival), default=-1)

    def normal(self, order: int, place: int) -> int:
        """The latest day in time, else the last one that arrives first."""
        day = self.latest(order, place, self.a["order_req"][order])
        return day if day >= 0 else self.latest(order, place, self.arrival(order, place, 0))

    def days(self, order: int, place: int, sku: int) -> list[int]:
        """Days worth leaving on, ascending: normal, and the last day as early as each later supply."""
        normal = self.normal(order, place)
        later = [d for d in self.free.get((sku, place), {}) if d > normal]
        return sorted({normal, *(self.latest(order, place, self.arrival(order, place, d)) for d in later)})

    def late(self, order: int, place: int, day: int) -> int:
        return max(0, self.arrival(order, place, day) - self.a["order_req"][order])

    def unit(self, order: int, place: int) -> int:
        return self.a["unit_cost"][place][self.a["order_zone"][order]]

    def ship(self, order: int, place: int, day: int, opened: set[tuple[int, int]]) -> int:
        return 0 if (place, day) in opened else self.a["ship_cost"][place][self.a["order_zone"][order]]

    def best_parts(self, lines: list[int], options: list[Any], alone: dict[int, int]) -> tuple[int, list[Any]]:
        """Cheapest (cost, parts): each part (option, its lines), lines left alone in no part. Earlier choices win ties."""
        n = len(lines)

        @cache
        def one(part: int) -> tuple[int, Any]:
            best: tuple[int, Any] = (NEVER, None)
            for option in options:
                if all(lines[i] in option["cost"] for i in range(n) if part >> i & 1):
                    cost = option["ship"] + sum(option["cost"][lines[i]] for i in range(n) if part >> i & 1)
                    best = min(best, (cost, option), key=lambda x: x[0])
            return best

        @cache
        def all_of(rest: int) -> tuple[int, Any]:
            if rest == 0:
                return 0, None
            low = rest & -rest
            best: tuple[int, Any] = (NEVER, None)
            others = rest ^ low
            part = others
            while True:
                cost = one(part | low)[0] + all_of(others ^ part)[0]
                best = min(best, (cost, part | low), key=lambda x: x[0])
                if part == 0:
                    break
                part = (part - 1) & others
            cost = alone[lines[low.bit_length() - 1]] + all_of(others)[0]
            return min(best, (cost, 0), key=lambda x: x[0])

        rest, parts = (1 << n) - 1, []
        while rest:
            part = all_of(rest)[1]
            if part:
                parts.append((one(part)[1], [lines[i] for i in range(n) if part >> i & 1]))
            rest ^= part or rest & -rest
        return all_of((1 << n) - 1)[0], parts

    def partly(self, order: int, lines: list[int]) -> list[Any]:
        """Rule 0, in groups of eight lines."""
        rows: list[Any] = []
        opened: set[tuple[int, int]] = set()
        for first in range(0, len(lines), 8):
            group = lines[first : first + 8]
            options = []
            for place in self.places:
                whole = {}  # line → first day it can leave whole
                for i in group:
                    sku, quantity = self.a["line_sku"][i], self.a["line_qty"][i]
                    found = [d for d in self.days(order, place, sku) if self.available(sku, place, d) >= quantity]
                    if found:
                        whole[i] = found[0]
                for day in sorted(set(whole.values())):
                    late = self.late(order, place, day)
                    if late < self.late_max:
                        each = WEIGHT * late + self.unit(order, place)
                        options.append({
                            "place": place, "day": day, "late": late, "ship": self.ship(order, place, day, opened),
                            "cost": {i: self.a["line_qty"][i] * each for i in whole if whole[i] <= day},
                        })  # fmt: skip
            alone, may_split = {}, set()
            for i in group:
                alone[i] = self.a["line_qty"][i] * WEIGHT * self.late_max
                if not self.a["line_nosplit"][i] and not any(o["late"] == 0 and i in o["cost"] for o in options):
                    alone[i] = min(alone[i], self.split(order, i, opened)[0])
                if not self.a["line_nosplit"][i]:
                    may_split.add(i)
            _cost, parts = self.best_parts(group, options, alone)
            for option, served in parts:
                rows += [(i, option["place"], option["day"], self.a["line_qty"][i]) for i in served]
                opened.add((option["place"], option["day"]))
            for i in group:
                if i in may_split and not any(i in served for _o, served in parts):
                    for part in self.split(order, i, opened)[1]:
                        rows.append((i, *part))
                        opened.add(part[:2])
        return rows

    def split(self, order: int, line: int, opened: set[tuple[int, int]]) -> tuple[int, list[Any]]:
        """One line from several places, cheapest part first; (cost, [(place, day, quantity)])."""
        sku, missing, cost, taken = self.a["line_sku"][line], self.a["line_qty"][line], 0, {}
        left = self.a["line_maxrows"][line] or 6
        opened = set(opened)
        parts = [(place, day) for place in self.places for day in reversed(self.days(order, place, sku))]
        while missing and left:
            found = []
            for place, day in parts:
                used = sum(quantity for (where, _day), quantity in taken.items() if where == place)
                take = min(missing, self.available(sku, place, day) - used)
                if take <= 0 or (place, day) in taken:
                    continue
                each, fixed = WEIGHT * self.late(order, place, day) + self.unit(order, place), self.ship(order, place, day, opened)
                gain = (WEIGHT * self.late_max - each) * take - fixed
                if gain > 0:
                    found.append((-gain if left == 1 else each + fixed // take, -take, place, day, each * take + fixed))
            if not found:
                break
            _key, take, place, day, price = min(found, key=lambda x: x[:2])
            taken[place, day] = -take
            opened.add((place, day))
            cost, missing, left = cost + price, missing + take, left - 1
        rows = [(place, day, taken[place, day]) for place, day in parts if (place, day) in taken]
        return cost + missing * WEIGHT * self.late_max, rows

    def together(self, order: int, lines: list[int]) -> list[Any]:
        """Rule 1: the first arrival day by which everything can be there."""
        units = sum(self.a["line_qty"][i] for i in lines)
        arrivals = {self.a["order_req"][order]}
        for place in self.places:
            for i in lines:
                days = [0, *self.free.get((self.a["line_sku"][i], place), {})]
                arrivals |= {self.arrival(order, place, d) for d in days}
        for arrival in sorted(d for d in arrivals if d >= self.a["order_req"][order]):
            lateness = units * WEIGHT * (arrival - self.a["order_req"][order])
            if lateness >= units * WEIGHT * self.late_max:
                break
            rows: list[Any] = []
            opened: set[tuple[int, int]] = set()
            total = 0
            for first in range(0, len(lines), 8):
                group, options = lines[first : first + 8], []
                for place in self.places:
                    day = self.latest(order, place, arrival)
                    fit = [i for i in group if day >= 0 and self.available(self.a["line_sku"][i], place, day) >= self.a["line_qty"][i]]
                    if fit:
                        options.append({"place": place, "day": day, "ship": self.ship(order, place, day, opened),
                                        "cost": {i: self.a["line_qty"][i] * self.unit(order, place) for i in fit}})  # fmt: skip
                cost, parts = self.best_parts(group, options, dict.fromkeys(group, NEVER))
                total += cost
                if total >= NEVER:
                    break
                for option, served in parts:
                    rows += [(i, option["place"], option["day"], self.a["line_qty"][i]) for i in served]
                    opened.add((option["place"], option["day"]))
            if total < NEVER and lateness + total < units * WEIGHT * self.late_max:
                return rows
        return []

    def single(self, order: int, lines: list[int]) -> list[Any]:
        """Rule 2: one place, one day."""
        units = sum(self.a["line_qty"][i] for i in lines)
        best, rows = units * WEIGHT * self.late_max, []
        for place in self.places:
            days = {d for i in lines for d in self.days(order, place, self.a["line_sku"][i])}
            for day in sorted(days):
                if all(self.available(self.a["line_sku"][i], place, day) >= self.a["line_qty"][i] for i in lines):
                    each = WEIGHT * self.late(order, place, day) + self.unit(order, place)
                    cost = units * each + self.ship(order, place, day, set())
                    if cost < best:
                        best, rows = cost, [(i, place, day, self.a["line_qty"][i]) for i in lines]
        return rows
