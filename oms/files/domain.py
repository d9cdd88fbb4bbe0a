"""How somebody else's columns become a format's: names, guesses, and the numbers and days they write. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

DECIMALS = (".", ",")
DAYS = {"ymd": "2026-03-31", "dmy": "31.03.2026", "mdy": "03/31/2026"}
LONGEST_NAME = 60
DAY = re.compile(r"(\d{1,4})[./-](\d{1,2})[./-](\d{1,4})")


@dataclass(frozen=True)
class Layout:
    """A sender's file: {its column: the format's, several by blanks, "" for none}, and {the format's column: text} for all rows.

    `decimals` is the mark they write before decimals, `days` the order of year, month and day.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    decimals: str = "."
    days: str = "ymd"

    def header(self, names: Iterable[str]) -> list[str]:
        """The format's columns of each of the file's, "" for those that are left out."""
        return [self.columns.get(name, "") for name in names]

    def knows(self, names: Iterable[str]) -> bool:
        """Whether every column of a file was looked at when the layout was made, and everything it takes is there."""
        found = set(names)
        return found <= set(self.columns) and {n for n, target in self.columns.items() if target} <= found

    def plain(self, kind: str, raw: str) -> str:
        """A cell as our parsers read it: a decimal point, an ISO day; what is neither comes back as it was."""
        if kind in ("integer", "decimal") and self.decimals == ",":
            return raw.replace("\u00a0", "").replace(" ", "").replace(".", "").replace(",", ".")
        if kind in ("date", "moment") and self.days != "ymd" and (parts := DAY.match(raw.strip())):
            one, two, year = parts.groups()
            if len(year) == 4:
                day, month = (one, two) if self.days == "dmy" else (two, one)
                return f"{year}-{int(month):02}-{int(day):02}{raw.strip()[parts.end():]}"
        return raw


def names_of(cells: Sequence[str]) -> list[str]:
    """The file's own column names, made unique: blank ones by their letter, repeated ones by their count."""
    names: list[str] = []
    for place, cell in enumerate(cells):
        name = " ".join(cell.split())[: LONGEST_NAME - 5] or letter(place)
        count = sum(1 for known in names if known == name or known.startswith(f"{name} ("))
        names.append(f"{name} ({count + 1})" if count else name)
    while names and not cells[len(names) - 1].strip():
        names.pop()
    return names


def letter(place: int) -> str:
    """A spreadsheet's name of a column: A, B … Z, AA."""
    text = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        text = chr(65 + rest) + text
    return text


def same(name: str) -> str:
    """A name without case, blanks and marks."""
    return "".join(c for c in name.casefold() if c.isalnum())


def guess(names: Iterable[str], known: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The format's columns of each of the file's, by their name or the names they are `known` by elsewhere; each once."""
    targets: dict[str, list[str]] = {}
    for column, words in known.items():
        for word in {same(word) for word in (column, *words)}:
            targets.setdefault(word, []).append(column)
    free, found = set(known), {}
    for name in names:
        mine = [column for column in targets.get(same(name), ()) if column in free]
        free -= set(mine)
        found[name] = " ".join(mine)
    return found


def habits(days: Iterable[str], numbers: Iterable[str]) -> tuple[str, str]:
    """(decimals, days) of a Layout as these cells are written; "." and "ymd" when they do not say."""
    order = "ymd"
    for parts in filter(None, (DAY.match(text.strip()) for text in days)):
        one, two, year = parts.groups()
        if len(year) == 4 and order == "ymd":
            order = "mdy" if "/" in parts[0] and int(one) <= 12 else "dmy"
        if order == "mdy" and int(one) > 12:
            order = "dmy"
    comma = any(re.fullmatch(r"[\d. ]*\d,\d+", text.strip()) for text in numbers)
    return ("," if comma else "."), order
