"""Segments of X12 and EDIFACT: text cut at terminators, elements and components, with or without a release character."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache

BLANK = " \t\r\n\x00\x1a\ufeff"


@dataclass(frozen=True)
class Separators:
    """Characters that cut; `repetition` and `release` may be "" (there is none), `decimal` is what else writes a point."""

    element: str
    component: str
    terminator: str
    release: str = ""
    repetition: str = ""
    decimal: str = "."


class Segment:
    """One segment: its tag, elements as lists of components, and its ordinal within its message (0 outside of one)."""

    __slots__ = ("elements", "ordinal", "tag")

    def __init__(self, tag: str, elements: list[list[str]], ordinal: int = 0) -> None:
        self.tag, self.elements, self.ordinal = tag, elements, ordinal

    def get(self, element: int, component: int = 1) -> str:
        """Component of an element, both from 1 as the standards count; "" where there is none."""
        if not 0 < element <= len(self.elements):
            return ""
        parts = self.elements[element - 1]
        return parts[component - 1] if 0 < component <= len(parts) else ""

    def __repr__(self) -> str:
        return f"<{self.tag} {self.elements}>"


@lru_cache(maxsize=64)
def pieces(cut: str, release: str) -> re.Pattern[str]:
    """What lies between two cuts, released characters and all; the group catches the cut, or nothing at the end."""
    cut, release = re.escape(cut), re.escape(release)
    return re.compile(f"((?:[^{cut}{release}]++|{release}.)*+)({cut}|{release}?\\Z)", re.DOTALL)


def split(text: str, cut: str, release: str) -> list[str]:
    """`text` at every `cut` that is not released; the release characters stay in."""
    if not release or release not in text:
        return text.split(cut)
    found = []
    for piece, end in pieces(cut, release).findall(text):
        found.append(piece)
        if end != cut:
            break
    return found


def unreleased(text: str, release: str) -> str:
    """`text` without its release characters; a doubled one stands for itself."""
    if not release or release not in text:
        return text
    return re.sub(f"{re.escape(release)}(.)", r"\1", text, flags=re.DOTALL)


def segment(raw: str, cuts: Separators, ordinal: int = 0) -> Segment:
    """A segment of its raw text. Of a repeated element (syntax 4) the first occurrence counts."""
    tag, *elements = split(raw, cuts.element, cuts.release)
    read = []
    for element in elements:
        if cuts.repetition and cuts.repetition in element:
            element = split(element, cuts.repetition, cuts.release)[0]
        read.append([unreleased(part, cuts.release) for part in split(element, cuts.component, cuts.release)] if cuts.component else [element])
    return Segment(tag.split(cuts.component)[0] if cuts.component else tag, read, ordinal)


def raw_segments(text: str, start: int, cuts: Separators) -> Iterator[tuple[str, int, bool]]:
    """(raw text, where the next begins, whether it was terminated) of every segment from `start`; blanks between are skipped."""
    pattern = pieces(cuts.terminator, cuts.release) if cuts.release else None
    while True:
        while start < len(text) and text[start] in BLANK and text[start] != cuts.terminator:
            start += 1
        if start >= len(text):
            return
        if pattern is None:
            end = text.find(cuts.terminator, start)
            raw, after, closed = (text[start:], len(text), False) if end < 0 else (text[start:end], end + 1, True)
        else:
            found = pattern.match(text, start)
            assert found is not None, "the pattern matches anywhere"
            raw, after, closed = found[1], found.end(), found[2] == cuts.terminator
        if raw:
            yield raw, after, closed
        start = max(after, start + 1)


NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[Ee][+-]?\d{1,2})?")
DIGITS = 18


def number(text: str, mark: str = ".") -> Decimal | None:
    """A decimal number with its sign in front or (X12, EDIFACT) a comma for the point; None when it is none."""
    text = text.strip()
    if len(text) > 40 or not NUMBER.fullmatch(text) or (mark == "." and "," in text):
        return None
    try:
        value = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return None
    return value if value.adjusted() < DIGITS and len(value.as_tuple().digits) <= 2 * DIGITS else None


def day(text: str) -> date | None:
    """CCYYMMDD or YYMMDD (of this century) at the start of `text`; None when it is no day."""
    if not text.isdecimal() or not text.isascii():
        return None
    if len(text) == 6:
        text = "20" + text
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8])) if len(text) >= 8 else None
    except ValueError:
        return None
