"""Writes of the region tree: territories, posts and who holds them, brought to given values by their codes; a post handed over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils.translation import gettext as _

from customers.territory.locks import lock_delegation, lock_post
from customers.territory.models import Delegation, Post, PostHolding, Territory
from customers.territory.selectors import BY_TERRITORY
from oms.accounts.models import User
from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Forbidden, Invalid, NotFound


@dataclass(frozen=True)
class TerritoryRow:
    """A node; `parent` is a code, "" at the top. It may be given later in the same call."""

    code: str
    name: str
    parent: str = ""


@dataclass(frozen=True)
class PostRow:
    """A post in a territory; `parent` is the post its queue goes to, "" at the top."""

    code: str
    name: str
    territory: str
    parent: str = ""


@dataclass(frozen=True)
class HoldingRow:
    """`user_id` holds the post from `since` on, up to and without `until` (None: still)."""

    post: str
    user_id: int
    since: date
    until: date | None = None


@use_case("territory.upsert")
def upsert_tree(
    territories: Sequence[TerritoryRow], posts: Sequence[PostRow], holdings: Sequence[HoldingRow], *, by: Any, at: datetime | None = None
) -> None:  # fmt: skip
    """Write nodes, posts and holdings; a holder who follows an open-ended one ends it that day. Nothing named, nothing done."""
    authorize(by, "territory.upsert")
    Territory.objects.bulk_create(
        [Territory(code=t.code, name=t.name) for t in territories], update_conflicts=True, unique_fields=["code"], update_fields=["name"]
    )
    nodes = {t.code: t for t in Territory.objects.all()}
    for t in territories:
        nodes[t.code].parent = nodes[t.parent] if t.parent else None
    Territory.objects.bulk_update([nodes[t.code] for t in territories], ["parent"])
    Post.objects.bulk_create(
        [Post(code=p.code, name=p.name, territory=nodes[p.territory]) for p in posts],
        update_conflicts=True, unique_fields=["code"], update_fields=["name", "territory"],
    )  # fmt: skip
    known = {p.code: p for p in Post.objects.all()}
    for p in posts:
        known[p.code].parent = known[p.parent] if p.parent else None
    Post.objects.bulk_update([known[p.code] for p in posts], ["parent"])
    _hold(holdings, known)
    current().event(
        "territory.written",
        [*(("territory", nodes[t.code].pk) for t in territories), *(("post", known[c].pk) for c in {p.code for p in posts} | {h.post for h in holdings})],
        {"territories": len(territories), "posts": len(posts),
         "holdings": [[known[h.post].pk, h.user_id, h.since, h.until] for h in holdings]},
    )  # fmt: skip


def _hold(holdings: Sequence[HoldingRow], posts: dict[str, Post]) -> None:
    """Open holdings in time order; the same holder from the same day is only ended."""
    for h in sorted(holdings, key=lambda row: (row.post, row.since)):
        post = posts[h.post]
        same = PostHolding.objects.filter(post=post, user_id=h.user_id, during__startswith=h.since)
        if same.exists():
            same.update(during=DateRange(h.since, h.until))
            continue
        for before in PostHolding.objects.filter(post=post, during__endswith=None, during__startswith__lt=h.since):
            PostHolding.objects.filter(pk=before.pk).update(during=DateRange(before.during.lower, h.since))
        PostHolding.objects.create(post=post, user_id=h.user_id, during=DateRange(h.since, h.until))


@dataclass(frozen=True)
class HandOver:
    """What happened: the post, who held it and who holds it from `since` on (None: vacant)."""

    post_id: int
    former_id: int | None
    successor_id: int | None
    since: date


@use_case("territory.hand_over")
def hand_over(
    post_id: int, successor_id: int | None, since: date, note: str, *, by: Any, at: datetime | None = None
) -> HandOver:  # fmt: skip
    """A post passes from who holds it to a successor (None: it stands vacant) from a day on, today or later.

    The customers stay with the post and so with everything that hangs on them; access follows the holding, from today at
    once. What was planned for later days is replaced; days that are over stay with who held the post (figures follow them).
    Raises Forbidden `own_post`, `not_below`; NotFound `no_post`; Invalid `in_the_past`, `not_sales_staff`; Conflict
    `holds_already`, `vacant_already`.
    """
    authorize(by, "territory.hand_over", post_id)
    cmd = current()
    if lock_post(post_id) is None:
        raise NotFound(_("There is no such post."), code="no_post")
    if since < cmd.at.date():
        raise _wrong("since", _("A post is handed over today or later; the days that are over stay with who held it."), "in_the_past")
    if successor_id is not None:
        _check_successor(successor_id, by)
    later = PostHolding.objects.filter(post_id=post_id, during__startswith__gte=since)
    standing = PostHolding.objects.select_related("user").filter(post_id=post_id, during__contains=since).first()
    planned = (later.exclude(pk=standing.pk) if standing else later).exists()
    if successor_id is not None and standing is not None and standing.user_id == successor_id and standing.during.upper is None and not planned:
        raise Conflict(_("%(name)s holds the post on that day already.") % {"name": standing.user}, code="holds_already")
    if successor_id is None and standing is None and not planned:
        raise Conflict(_("Nobody holds the post on that day."), code="vacant_already")
    former_id = _pass_on(post_id, successor_id, since)
    subjects = [("post", post_id), *(("user", pk) for pk in (former_id, successor_id) if pk)]
    cmd.event("post.handed_over", subjects, {"post": post_id, "from": former_id, "to": successor_id, "date": since}, note=note.strip())
    return HandOver(post_id, former_id, successor_id, since)


def _pass_on(post_id: int, successor_id: int | None, since: date) -> int | None:
    """Write the holdings of a locked post; who held it last before `since`."""
    PostHolding.objects.filter(post_id=post_id, during__startswith__gte=since).delete()
    before = PostHolding.objects.filter(post_id=post_id).order_by("-during").first()
    goes_on = before is not None and before.user_id == successor_id and (before.during.upper is None or before.during.upper >= since)
    if before is not None and (before.during.upper is None or before.during.upper >= since):
        PostHolding.objects.filter(pk=before.pk).update(during=DateRange(before.during.lower, None if goes_on else since))
    if successor_id is not None and not goes_on:
        PostHolding.objects.create(post_id=post_id, user_id=successor_id, during=DateRange(since, None))
    return before.user_id if before else None


LONGEST_DELEGATION = timedelta(days=366)


@use_case("territory.delegate")
def delegate(post_id: int, to_id: int, first: date, last: date, *, by: Any, at: datetime | None = None) -> Delegation:
    """Who holds a post has a colleague stand in from `first` to `last`, both included (PRODUCT.md section 8).

    The colleague sees its subtree then and decides by their own role and limits; what they entered themselves they still do
    not approve. Raises Forbidden `not_holder`; Invalid `in_the_past`, `no_colleague`; Conflict `delegated_already`.
    """
    authorize(by, "territory.delegate")
    cmd = current()
    today = cmd.at.date()
    if lock_post(post_id) is None or not PostHolding.objects.filter(post_id=post_id, user_id=by.pk, during__contains=today).exists():
        raise Forbidden(_("Only who holds a post delegates it."), code="not_holder", who=_("who holds it"), clears=_("Ask them."))
    if first < today or last < first or last - first > LONGEST_DELEGATION:
        raise _wrong("last", _("From today on, for a year at most."), "in_the_past")
    colleague = User.objects.filter(pk=to_id, is_active=True, is_system=False).first()
    if colleague is None or colleague.pk == by.pk or not {*colleague.roles} & {*by.roles} & {*BY_TERRITORY}:
        raise _wrong("to", _("Choose a colleague with a role of yours."), "no_colleague")
    days = DateRange(first, last + timedelta(days=1))
    if Delegation.objects.filter(post_id=post_id, to_id=to_id, during__overlap=days).exists():
        raise Conflict(_("%(name)s stands in on some of these days already.") % {"name": colleague}, code="delegated_already")
    made = Delegation.objects.create(post_id=post_id, by_id=by.pk, to_id=to_id, during=days)
    cmd.event("post.delegated", [("post", post_id), ("user", by.pk), ("user", to_id)], {"post": post_id, "from": by.pk, "to": to_id, "first": first, "last": last})
    return made


@use_case("territory.end_delegation")
def end_delegation(delegation_id: int, *, by: Any, at: datetime | None = None) -> None:
    """One that gave it or was given it ends a delegation at once; one that did not begin goes. Raises NotFound."""
    authorize(by, "territory.delegate")
    cmd = current()
    found = lock_delegation(delegation_id)
    if found is None or by.pk not in (found.by_id, found.to_id) or found.during.upper <= cmd.at.date():
        raise NotFound(_("There is no such delegation."), code="no_delegation")
    if found.during.lower >= cmd.at.date():
        found.delete()
    else:
        Delegation.objects.filter(pk=found.pk).update(during=DateRange(found.during.lower, cmd.at.date()))
    cmd.event("post.delegation_ended", [("post", found.post_id), ("user", found.by_id), ("user", found.to_id)], {"post": found.post_id, "from": found.by_id, "to": found.to_id})


def _check_successor(successor_id: int, by: Any) -> None:
    """An open account with a role that works by territory, and not the one who hands over (I27)."""
    found = User.objects.filter(pk=successor_id, is_active=True, is_system=False).first()
    if found is None or not found.has_role(*BY_TERRITORY):
        raise _wrong("successor", _("Choose somebody of sales, an approver or a manager."), "not_sales_staff")
    if found.pk == by.pk:
        raise Forbidden(_("Nobody takes a post for themselves."), code="own_post", who=_("a manager above it"),
                        clears=_("Ask a colleague above the post."))


def _wrong(field: str, message: str, code: str) -> Invalid:
    return Invalid(message, code=code, errors=[{"field": field, "message": message}])
