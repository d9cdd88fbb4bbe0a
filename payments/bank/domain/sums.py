"""Which few of many amounts sum to a target exactly: meeting in the middle, within bounds. Pure; whole numbers.

Up to `MOST` items of up to `PAIRED` values: every pair's sum is kept, so that two, three and four are found by looking
sums of pairs up, not by trying. A table of bits says at once of nearly every number that no pair makes it; the few it
cannot exclude are looked up among the sorted sums. What is above the bound is said (`whole` False), never passed over in
silence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import gcd, isqrt
from typing import Any

MOST = 4
PAIRED = 1_000
TRIED = 20_000
FULL = 22
CHUNK = 1 << 14  # pairs asked for at once: a payer with many items has soon more answers than anybody can use
SPARSE = 64  # bits of the table for one pair
LARGEST_TABLE = 1 << 22


@dataclass(frozen=True)
class Found:
    """Answers as sorted tuples of places, the fewest items first; `whole` means that there are no others than these
    unless `KEPT` were found of one size."""

    answers: tuple[tuple[int, ...], ...]
    whole: bool

    def of_size(self, size: int) -> list[tuple[int, ...]]:
        return [a for a in self.answers if len(a) == size]


class Lookup:
    """Whole numbers (an array, not empty) that are asked for many at once: `sorted`, and `order` says where each stood."""

    def __init__(self, keys: Any, largest: int = LARGEST_TABLE, spread: int = 1) -> None:
        import numpy as np  # only matching pays for it, not the start of the web process

        size = min(largest, 1 << max(6, int(SPARSE * len(keys)).bit_length()))
        self.mask, self.spread = size - 1, spread
        self.table = np.zeros(size, dtype=np.bool_)
        self.table[self._places(keys)] = True
        keys, self.order = in_order(keys)
        self.sorted = np.append(
            keys, np.iinfo(np.int64).max
        )  # the last equals nothing: no look-up falls off the end

    def _places(self, keys: Any) -> Any:
        return (keys if self.spread == 1 else keys * self.spread >> 7) & self.mask

    def at(self, wanted: int) -> list[int]:
        """Where a number stood."""
        if self.spread == 1 and not self.table[wanted & self.mask]:
            return []
        start = int(self.sorted.searchsorted(wanted))
        return (
            self.order[start : int(self.sorted.searchsorted(wanted, "right"))].tolist()
            if self.sorted[start] == wanted
            else []
        )

    def hits(self, wanted: Any) -> Any:
        """The places of those wanted (an array) that are among the numbers."""
        some = self.table[self._places(wanted)].nonzero()[0]
        if not len(some):
            return some
        sought = wanted[some]
        return some[self.sorted[self.sorted.searchsorted(sought)] == sought]


def in_order(keys: Any) -> tuple[Any, Any]:
    """Numbers of 0 and more sorted, equal ones as they stood, and where each stood."""
    import numpy as np

    bits = len(keys).bit_length()
    if int(keys.max()) >> (62 - bits):
        order = np.argsort(keys, kind="stable")
        return keys[order], order
    mixed = keys << bits | np.arange(
        len(keys)
    )  # number and place in one: sorting one array takes a third of the time
    mixed.sort()
    return mixed >> bits, (mixed & ((1 << bits) - 1)).astype(np.int32)


class Sums:
    """The amounts of one payer, positive and in the smallest unit, ready to be asked for many targets."""

    def __init__(self, values: Sequence[int]) -> None:
        self.values = list(values)
        self.total = sum(self.values)
        self.places: dict[int, list[int]] = defaultdict(list)
        for place, value in enumerate(self.values):
            self.places[value].append(place)

    @cached_property
    def whole(self) -> bool:
        """Whether all values take part in sums, not only the first `PAIRED`."""
        return len(self.values) <= PAIRED

    @cached_property
    def unit(self) -> int:
        """What all values are multiples of: amounts in cents would leave the table half empty."""
        return gcd(*self.values[:PAIRED]) or 1

    @cached_property
    def taking(self) -> Any:
        """The values that take part, in units."""
        import numpy as np

        return np.array(self.values[:PAIRED], dtype=np.int64) // self.unit

    @cached_property
    def pairs(self) -> Lookup:
        """Every sum of two."""
        return Lookup(pair_sums(self.taking))

    def find(self, target: int, most: int = MOST, keep: int = 3) -> Found:
        """Answers of one to `most` items, at most `keep` a size."""
        answers: list[tuple[int, ...]] = [(place,) for place in self.places.get(target, ())[:keep]]
        count = len(self.values)
        if count > 1 and most > 1 and not target % self.unit:
            wanted = target // self.unit
            for size, search in ((2, self._two), (3, self._three), (4, self._four)):
                if size <= min(most, count):
                    answers += self._kept(search(wanted), keep)
        return Found(tuple(answers), self.whole or count < 2)

    def _kept(self, found: Iterator[tuple[int, ...]], keep: int) -> list[tuple[int, ...]]:
        kept: dict[tuple[int, ...], None] = {}
        for tried, answer in enumerate(found):
            kept.setdefault(answer)
            if len(kept) == keep or tried >= TRIED:
                break
        return list(kept)

    def _two(self, target: int) -> Iterator[tuple[int, int]]:
        """The pairs that make it, the first places first."""
        return pairs_of(self.pairs.at(target), len(self.taking))

    def _three(self, target: int) -> Iterator[tuple[int, ...]]:
        """The smallest place, and a pair behind it."""
        wanted = target - self.taking
        for place in self.pairs.hits(wanted).tolist():
            for a, b in self._two(int(wanted[place])):
                if place < a:
                    yield place, a, b

    def _four(self, target: int) -> Iterator[tuple[int, ...]]:
        """Two pairs that share nothing; one of the two is at most half of the target."""
        sums, before = self.pairs.sorted, -1
        half = int(sums.searchsorted(target // 2, "right"))
        for begin in range(0, half, CHUNK):
            some = sums[begin : min(half, begin + CHUNK)]
            for one in some[self.pairs.hits(target - some)].tolist():
                if one != before:
                    yield from apart(self._two(one), list(self._two(target - one)))
                before = one

    @cached_property
    def _halves(self) -> tuple[Any, Any, Any]:
        """Sums of every subset of the first and of the second half of the values (its number is the subset), the second
        half's sorted with its order."""
        import numpy as np

        middle = len(self.values) // 2
        left, right = (_subset_sums(values) for values in (self.values[:middle], self.values[middle:]))
        order = np.argsort(right, kind="stable")
        return left, right[order], order

    def more(self, target: int, keep: int = 2) -> list[tuple[int, ...]]:
        """Answers of more than `MOST` items, where at most `FULL` values are: all halves against all halves."""
        if not MOST < len(self.values) <= FULL:
            return []
        left, right, order = self._halves
        low, high = right.searchsorted(target - left, "left"), right.searchsorted(target - left, "right")
        middle, answers = len(self.values) // 2, []
        for subset in (high > low).nonzero()[0]:
            some = _places(int(subset), 0)
            for k in range(int(low[subset]), int(high[subset])):
                answer = some + _places(int(order[k]), middle)
                if len(answer) > MOST:
                    answers.append(answer)
        return sorted(answers, key=lambda a: (len(a), a))[:keep]

    @cached_property
    def _by_value(self) -> tuple[Any, Any]:
        """The values in order, and their places."""
        import numpy as np

        values = np.array(self.values, dtype=np.int64)
        order = np.argsort(values, kind="stable")
        return values[order], order

    def between(self, above: int, to: int) -> list[int]:
        """The places of values above one and up to another."""
        values, order = self._by_value
        return [int(n) for n in order[values.searchsorted(above, "right") : values.searchsorted(to, "right")]]

    @cached_property
    def _until(self) -> Any:
        """Sums of the first none, one, two … values."""
        import numpy as np

        return np.concatenate(([0], np.cumsum(np.array(self.values, dtype=np.int64))))

    def run(self, target: int) -> tuple[int, int] | None:
        """The only run of neighbours (start, end) that sums to `target`; None for none or several. Positive values."""
        if not 0 < target <= self.total:
            return None
        wanted = self._until[:-1] + target
        ends = self._until.searchsorted(wanted)
        starts = (self._until[ends.clip(max=len(self.values))] == wanted).nonzero()[0]
        return (int(starts[0]), int(ends[starts[0]])) if len(starts) == 1 else None


def pair_sums(values: Any) -> Any:
    """The sum of every two of an array, counted by their places: 01, 02, …, 12, …"""
    import numpy as np

    places = np.arange(len(values))
    return (values[:, None] + values)[places[:, None] < places]


def pairs_of(numbers: Iterable[int], count: int) -> Iterator[tuple[int, int]]:
    """The places of both of the pairs with these numbers, as `pair_sums` counts them."""
    for number in numbers:
        left = (
            count * (count - 1) // 2 - 1 - number
        )  # pairs that come later: those of the places behind are a triangle
        behind = (isqrt(8 * left + 1) - 1) // 2
        yield count - 2 - behind, count - 1 - (left - behind * (behind + 1) // 2)


def apart(some: Iterable[tuple[int, int]], others: Sequence[tuple[int, int]]) -> Iterator[tuple[int, ...]]:
    """Each pair with each other pair that it shares no place with."""
    for a, b in some:
        for c, d in others:
            if len({a, b, c, d}) == 4:
                yield tuple(sorted((a, b, c, d)))


def _subset_sums(values: Sequence[int]) -> Any:
    """The sum of every subset of a few values; bit n of an index says whether value n is in."""
    import numpy as np

    sums = np.zeros(1, dtype=np.int64)
    for value in values:
        sums = np.concatenate((sums, sums + value))
    return sums


def _places(subset: int, start: int) -> tuple[int, ...]:
    """The places of a subset's bits."""
    return tuple(start + n for n in range(subset.bit_length()) if subset >> n & 1)
