"""Pages of feeds: the senders, one's messages, one message with the way to clear it. Each form calls one use case."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.urls import reverse, reverse_lazy
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.catalog.selectors import visible_locations
from inventory.feeds.choices import CodeKind, FeedState
from inventory.feeds.filters import FeedMessageFilterSet
from inventory.feeds.models import Feed, FeedMessage
from inventory.feeds.selectors import feed_of, feed_rows, sentence, visible_messages
from inventory.feeds.services import (
    discard_message,
    replay_message,
    reset_feed,
    set_code,
    settle_ignored,
    skip_gap,
)
from inventory.feeds.tables import KINDS, FeedMessageTable, FeedTable
from oms.accounts.policies import may
from oms.events.selectors import timeline
from oms.web import words
from oms.web.forms import Combobox
from oms.web.views import ActionPage, ListPage, Page

LIST = ((gettext_lazy("Warehouse feeds"), reverse_lazy("inventory:feed-list")),)
SHOWN_BYTES = 60_000
SHOWN_DIFFERENCES = 500


class FeedList(ListPage):
    """Who sends, how far each is, and what waits."""

    verb = "feeds.see"
    title = gettext_lazy("Warehouse feeds")
    table_class = FeedTable

    def get_queryset(self) -> QuerySet[Feed]:
        return feed_rows(self.request.user)


class FeedDetail(ListPage):
    """One sender: how far it is, the gap, and its messages."""

    verb = "feeds.see"
    template_name = "inventory/feeds/feed.html"
    crumbs = LIST
    table_class = FeedMessageTable
    filterset_class = FeedMessageFilterSet

    @cached_property
    def feed(self) -> Feed:
        return feed_of(self.request.user, self.kwargs["code"])

    def get_title(self) -> str:
        return self.feed.name

    def get_queryset(self) -> QuerySet[FeedMessage]:
        return visible_messages(self.request.user).filter(feed=self.feed)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        feed = self.feed
        waiting = feed.messages.filter(epoch=feed.epoch, state=FeedState.WAITING).order_by("seq").values_list("seq", flat=True)
        return super().get_context_data(
            feed=feed, resets=may(self.request.user, "feeds.reset"), gap=waiting.first() if feed.waiting_since else None, waits=waiting.count(),
            timeline=words.entries(timeline("feed", feed.pk, limit=20)), **kwargs,
        )  # fmt: skip


def found_message(request: HttpRequest, pk: int) -> FeedMessage:
    """The message within the row filter, or 404."""
    found = visible_messages(request.user).filter(pk=pk).first()
    if found is None:
        raise Http404(_("There is no such message."))
    return found


class FeedMessageDetail(Page):
    """One message: why it waits, what it said, what came of it."""

    verb = "feeds.see"
    template_name = "inventory/feeds/message.html"

    @cached_property
    def message(self) -> FeedMessage:
        return found_message(self.request, self.kwargs["feed_message"])

    def get_title(self) -> str:
        return _("%(feed)s, message %(seq)s") % {"feed": self.message.feed.name, "seq": self.message.seq}

    def findings(self) -> list[dict[str, Any]]:
        """Every finding in words, with the field that says what its code means."""
        places = [(code, f"{code} {name}") for code, name in visible_locations(self.request.user).values_list("code", "name")]
        rows = []
        for n, finding in enumerate(self.message.findings):
            kind, ident = finding["facts"].get("map", ""), f"map-{n}"
            product = kind == CodeKind.PRODUCT
            rows.append({
                "words": sentence(finding), "kind": kind, "code": finding["facts"].get("value", ""), "ident": ident,
                "widget": str(Combobox("inventory:product-options").render("target", "", {"id": ident})) if product else "", "places": places,
            })  # fmt: skip
        return rows

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        message, user = self.message, self.request.user
        held = message.state == FeedState.QUARANTINED
        raw = json.dumps(message.body, indent=2, ensure_ascii=False)
        differences = message.outcome.get("differences", [])
        here = (message.feed.name, reverse("inventory:feed-detail", args=[message.feed.code]))
        return super().get_context_data(
            crumbs=(*LIST, here), message=message, kind=KINDS[message.state], findings=self.findings(), repairs=held and may(user, "feeds.repair"),
            discards=held and may(user, "feeds.discard"), raw=raw[:SHOWN_BYTES], cut=len(raw) > SHOWN_BYTES,
            timeline=words.entries(timeline("feed_message", message.pk)), differences=[(*row, row[4] - row[3]) for row in differences[:SHOWN_DIFFERENCES]], more=max(0, len(differences) - SHOWN_DIFFERENCES), **kwargs,
        )  # fmt: skip


class FeedMessageAction(ActionPage):
    """A step of the repair; back to the message."""

    verb = "feeds.repair"

    @cached_property
    def message(self) -> FeedMessage:
        return found_message(self.request, self.kwargs["feed_message"])

    def get_success_url(self) -> str:
        return reverse("inventory:feed-message", args=[self.message.pk])


class ReplayFeedMessage(FeedMessageAction):
    """Post it now."""

    done = gettext_lazy("The message is posted.")

    def run(self) -> None:
        replay_message(self.message.pk, by=self.request.user)


class MapFeedCode(FeedMessageAction):
    """Remember what a code means."""

    done = gettext_lazy("Remembered. Post the message when nothing else is wrong with it.")

    def run(self) -> None:
        said = self.request.POST
        set_code(self.message.feed_id, said.get("kind", ""), said.get("code", ""), said.get("target", ""), by=self.request.user)


class DiscardFeedMessage(FeedMessageAction):
    """Nothing comes of it."""

    verb = "feeds.discard"
    done = gettext_lazy("The message is discarded.")

    def run(self) -> None:
        discard_message(self.message.pk, self.request.POST.get("reason", ""), by=self.request.user)


class FeedAction(ActionPage):
    """A step on the sequence; back to the feed."""

    verb = "feeds.reset"

    @cached_property
    def feed(self) -> Feed:
        return feed_of(self.request.user, self.kwargs["code"])

    def get_success_url(self) -> str:
        return reverse("inventory:feed-detail", args=[self.feed.code])


class SkipFeedGap(FeedAction):
    """Give up what did not come."""

    done = gettext_lazy("The missing messages are given up; what waited is being posted.")

    def run(self) -> None:
        skip_gap(self.feed.pk, self.request.POST.get("reason", ""), by=self.request.user)


class SettleIgnored(FeedAction):
    """Nothing is missing."""

    done = gettext_lazy("It is noted that nothing is missing.")

    def run(self) -> None:
        settle_ignored(self.feed.pk, self.request.POST.get("reason", ""), by=self.request.user)


class ResetFeed(FeedAction):
    """The numbers begin anew."""

    done = gettext_lazy("The feed's numbers begin anew at 1.")

    def run(self) -> None:
        reset_feed(self.feed.pk, self.request.POST.get("reason", ""), by=self.request.user)
