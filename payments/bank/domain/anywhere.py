"""Which few amounts of *any one* payer sum to a target: all payers at once, for money of nobody. Pure; whole numbers.

The sums of two of every payer stand in one sorted array, each as sum × payers + payer, so that a look-up finds the
payer's own sums alone. The payers with the most items take no part when all pairs would be more than `PAIRS`; three and
four are looked for within `WORK` look-ups a batch. What was not looked for is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple

from payments.bank.domain.sums import CHUNK, PAIRED, Lookup, apart, pair_sums, pairs_of

PAIRS = 3_000_000
WORK = 15_000_000
TABLE = 1 << 25
KEEP = 8
SPREAD = 0x9E3779B1


@dataclass(frozen=True)
class Sum:
    """Items of one payer, by their places, that make the amount."""

    payer: int
    places: tuple[int, ...]


class Prepared(NamedTuple):
    """Keys (value × payers + payer) of every item, with its place, and of every sum of two; each payer's `first` pair."""

    items: Any
    places: Any
    pairs: Lookup
    first: dict[int, int]


class Anywhere:
    """The open amounts of every payer, ready to be asked for many targets."""

    def __init__(self, values: Sequence[Sequence[int]]) -> None:
        self.values, self.work, self.payers = values, WORK, max(1, len(values))
        largest = max((max(some, default=0) for some in values), default=0)
        self.taking: list[int] = []
        pairs = 0
        for payer in sorted(range(len(values)), key=lambda n: len(values[n])):
            count = len(values[payer])
            pairs += count * (count - 1) // 2
            if 2 <= count <= PAIRED and pairs <= PAIRS and largest * 4 * self.payers < 2**62:
                self.taking.append(payer)
        self.whole = len(self.taking) == sum(len(some) > 1 for some in values)

    @cached_property
    def prepared(self) -> Prepared:
        """Every item and every sum of two."""
        import numpy as np

        values = {payer: np.array(self.values[payer], dtype=np.int64) for payer in self.taking}
        counts = [len(some) * (len(some) - 1) // 2 for some in values.values()]
        keys = np.concatenate([pair_sums(some) * self.payers + payer for payer, some in values.items()])
        return Prepared(
            np.concatenate([some * self.payers + payer for payer, some in values.items()]),
            np.concatenate([np.arange(len(some)) for some in values.values()]), Lookup(keys, TABLE, SPREAD),
            dict(zip(values, accumulate(counts, initial=0), strict=False)),
        )  # fmt: skip

    def find(self, target: int, without: Sequence[int] = ()) -> tuple[list[Sum], bool]:
        """The answers of the fewest items, two to four, at most `KEEP`, of payers other than `without`; and whether all
        payers were asked for all sizes up to that."""
        outside = set(without)
        for size, search in ((2, self._two), (3, self._three), (4, self._four)) if self.taking else ():
            if size > 2:
                self.work -= len(self.prepared.items) if size == 3 else len(self.prepared.pairs.sorted) // 2
                if self.work < 0:
                    return [], False
            found: dict[Sum, None] = {}
            for answer in search(target):
                if answer.payer not in outside:
                    found.setdefault(answer)
                if len(found) == KEEP:
                    break
            if found:
                return sorted(found, key=lambda s: (s.payer, s.places)), self.whole
        return [], self.whole

    def _pairs(self, payer: int, target: int) -> Iterator[tuple[int, int]]:
        """The pairs of a payer that make it."""
        first = self.prepared.first[payer]
        numbers = self.prepared.pairs.at(target * self.payers + payer)
        return pairs_of((number - first for number in numbers), len(self.values[payer]))

    def _two(self, target: int) -> Iterator[Sum]:
        keys = self.prepared.pairs.sorted
        found = keys[
            int(keys.searchsorted(target * self.payers)) : int(keys.searchsorted((target + 1) * self.payers))
        ]
        for payer in sorted(set((found % self.payers).tolist())):
            for pair in self._pairs(payer, target):
                yield Sum(payer, pair)

    def _three(self, target: int) -> Iterator[Sum]:
        """An item and a pair behind it."""
        items, places, pairs, _first = self.prepared
        for n in pairs.hits(target * self.payers - items + 2 * (items % self.payers)).tolist():
            value, payer = divmod(int(items[n]), self.payers)
            for a, b in self._pairs(payer, target - value):
                if int(places[n]) < a:
                    yield Sum(payer, (int(places[n]), a, b))

    def _four(self, target: int) -> Iterator[Sum]:
        """Two pairs that share nothing; one of the two is at most half of the target."""
        pairs, before = self.prepared.pairs, -1
        half = int(pairs.sorted.searchsorted((target // 2 + 1) * self.payers))
        for begin in range(0, half, 4 * CHUNK):
            keys = pairs.sorted[begin : min(half, begin + 4 * CHUNK)]
            for key in keys[pairs.hits(target * self.payers - keys + 2 * (keys % self.payers))].tolist():
                if key != before:
                    one, payer = divmod(key, self.payers)
                    for places in apart(self._pairs(payer, one), list(self._pairs(payer, target - one))):
                        yield Sum(payer, places)
                before = key
