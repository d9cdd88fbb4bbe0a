"""The navigation: rooms say which pages they offer, to whom, and how much waits there.

A room's `navigation.py` calls `register(...)`; all of them are collected once. An entry is shown when the person has
one of its roles and its URL exists. Counts are asked for together, at most every 30 s a person, never on the way of a page.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from django.conf import settings
from django.core.cache import cache as store
from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from oms.accounts.choices import Role
from oms.kernel.rooms import modules

SECTIONS = {
    "portal": _("My account"),
    "desk": _("Desk"),
    "approvals": _("Approvals"),
    "planning": _("Planning"),
    "warehouse": _("Warehouse"),
    "money": _("Money"),
    "customers": _("Customers"),
    "performance": _("Performance"),
    "problems": _("Problems"),
    "admin": _("Admin"),
}
SEARCH_URL = "reporting:search"
COUNTS_SECONDS = 30
FIRST = 5  # so many of what waits stand on the home page
MANY = 999  # beyond it a count says "999+"
STAFF = frozenset(Role) - {Role.PARTNER}


@dataclass(frozen=True)
class Waiting:
    """One thing that waits for this person, for the home page: what, where, since when, how much."""

    text: str
    url: str
    detail: str = ""
    at: date | datetime | None = None
    amount: Decimal | None = None
    currency: str = ""


@dataclass(frozen=True)
class Entry:
    """One page of the navigation; `count(user)` says how many things wait there, `waiting(user, limit)` which."""

    section: str
    label: Any
    url_name: str
    roles: frozenset[str]
    key: str = ""
    count: Callable[[Any], int] | None = None
    waiting: Callable[[Any, int], Sequence[Waiting]] | None = None

    def url(self) -> str | None:
        """The page's address, or None when no such URL is served."""
        try:
            return reverse(self.url_name)
        except NoReverseMatch:
            return None


@dataclass(frozen=True)
class Item:
    """An entry as it is drawn on one page for one person."""

    entry: Entry
    url: str
    current: bool
    count: int | None


@dataclass(frozen=True)
class Section:
    label: Any
    items: list[Item]


_entries: dict[str, Entry] = {}
_post_labels: list[Callable[[Any], str]] = []


def register(
    section: str,
    label: Any,
    url_name: str,
    roles: Collection[str] = STAFF,
    key: str = "",
    count: Callable[[Any], int] | None = None,
    waiting: Callable[[Any, int], Sequence[Waiting]] | None = None,
) -> Entry:
    """Add a page to the navigation; `key` is a chord like "g o". Each URL and each key once."""
    assert section in SECTIONS, f"unknown section {section}"
    assert not key or all(e.key != key for e in _entries.values() if e.url_name != url_name), f"{key} is taken"
    entry = Entry(section, label, url_name, frozenset(roles), key, count, waiting)
    _entries[url_name] = entry
    return entry


def register_post_label(label: Callable[[Any], str]) -> None:
    """Say how to name the post a person holds (`label(user)`, "" for none): territory knows it, the shell shows it."""
    _post_labels.append(label)


@cache
def _load() -> None:
    modules("navigation")


def entries() -> list[Entry]:
    """Every entry, in the order of the sections and within them of registration."""
    _load()
    order = list(SECTIONS)
    return sorted(_entries.values(), key=lambda entry: order.index(entry.section))


def entries_for(user: Any) -> list[tuple[Entry, str]]:
    """The entries this person may open, each with its URL."""
    if not user.is_authenticated:
        return []
    return [(e, url) for e in entries() if e.roles.intersection(user.roles) and (url := e.url())]


def post_label(user: Any) -> str:
    """The post this person acts from, "" when none or not known; asked at most every 30 s."""
    _load()
    name = f"post-label:{user.pk}"
    known = store.get(name)
    if known is None:
        known = next((text for label in _post_labels if (text := label(user))), "")
        store.set(name, known, COUNTS_SECONDS)
    return known


def counts(user: Any) -> dict[str, int]:
    """How much waits behind each entry of this person: {url_name: number}, asked at most every 30 s."""
    known = known_counts(user)
    if known is None:
        known = {e.url_name: e.count(user) for e, _url in entries_for(user) if e.count}
        store.set(_cache_key(user), known, COUNTS_SECONDS)
    return known


def first_waiting(user: Any) -> dict[str, list[Waiting]]:
    """The first things that wait behind each entry that has some: {url_name: things}, asked as seldom as the counts."""
    name = f"{_cache_key(user)}:{get_language()}"
    known: dict[str, list[Waiting]] | None = store.get(name)
    if known is None:
        there = counts(user)
        known = {e.url_name: list(e.waiting(user, FIRST)) for e, _url in entries_for(user) if e.waiting and (there.get(e.url_name) or not e.count)}
        store.set(name, known, COUNTS_SECONDS)
    return known


def how_many(rows: Any) -> int:
    """How many rows a queryset has, counted only up to one more than MANY."""
    return int(rows.order_by()[: MANY + 1].count())


def known_counts(user: Any) -> dict[str, int] | None:
    """The counts when they are fresh, else None; costs no query."""
    return store.get(_cache_key(user))


def forget_counts(user: Any) -> None:
    """Make the next page ask again, after this person changed something."""
    store.delete_many([_cache_key(user), *(f"{_cache_key(user)}:{code}" for code, _name in settings.LANGUAGES)])


def _cache_key(user: Any) -> str:
    return f"navigation-counts:{user.pk}"


def menu(user: Any, path: str) -> list[Section]:
    """The navigation of a page at `path`: sections with their items; the deepest matching item is current."""
    offered = entries_for(user)
    known = (known_counts(user) or {}) if offered else {}
    inside = [url for _entry, url in offered if path.startswith(url)]
    current = max(inside, key=len, default=None)
    drawn: dict[str, list[Item]] = {}
    for entry, url in offered:
        drawn.setdefault(entry.section, []).append(Item(entry, url, url == current, known.get(entry.url_name)))
    return [Section(SECTIONS[code], drawn[code]) for code in SECTIONS if code in drawn]


def search_url() -> str | None:
    """Where the search field of the shell leads, None while nothing serves it."""
    try:
        return reverse(SEARCH_URL)
    except NoReverseMatch:
        return None


register("admin", _("Settings"), "admin:index", roles={Role.ADMINISTRATOR, Role.FINANCE, Role.MANAGER})
