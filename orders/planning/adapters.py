"""An explanation in words a clerk reads on the phone, as JSON, and as a picture. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from oms.web import charts, words
from oms.web import format as fmt
from orders.planning.domain.why import (
    DONE,
    LATE,
    NONE,
    ON_TIME,
    PARTIAL,
    Candidate,
    Help,
    Holder,
    Version,
    Why,
)

OUTCOMES = {
    ON_TIME: gettext_lazy("on time"), LATE: gettext_lazy("late"), PARTIAL: gettext_lazy("only in part"),
    NONE: gettext_lazy("no date"), DONE: gettext_lazy("done"),
}  # fmt: skip
KINDS = {ON_TIME: "done", LATE: "attention", PARTIAL: "attention", NONE: "trouble", DONE: "done"}
BINDINGS = {
    "supply": gettext_lazy("supply"), "lead_time": gettext_lazy("the way there"), "calendar": gettext_lazy("days nobody works"),
    "capacity": gettext_lazy("the warehouse's capacity"), "hold": gettext_lazy("a hold"),
    "complete_rule": gettext_lazy("the order ships complete"), "split_limit": gettext_lazy("it may not be split"),
    "frozen": gettext_lazy("with the warehouse already"), "protection": gettext_lazy("stock kept for others"),
    "no_lane": gettext_lazy("no way there"),
}  # fmt: skip
BECAUSE = {
    "lead_time": gettext_lazy("picking and the way there take longer than that, whatever is in stock"),
    "calendar": gettext_lazy("days lie between on which the warehouse, the carrier or the customer does not work"),
    "capacity": gettext_lazy("the warehouse cannot ship more on the days before"),
    "hold": gettext_lazy("the order is held"),
    "complete_rule": gettext_lazy("the order is only shipped complete, and another line of it comes later"),
    "split_limit": gettext_lazy("it may not be split, and no place has all of it in time"),
    "frozen": gettext_lazy("it is with the warehouse already"),
    "protection": gettext_lazy("what lies there is kept for others"),
    "no_lane": gettext_lazy("no lane leads to this address"),
}  # fmt: skip
FACTORS = {
    "customer_class": gettext_lazy("Customer class"), "criticality": gettext_lazy("Criticality"),
    "requested_date": gettext_lazy("Requested"), "age": gettext_lazy("Waiting since"),
}  # fmt: skip
VERDICTS = {
    "chosen": gettext_lazy("chosen"), "in_time": gettext_lazy("could, another was better"),
    "later": gettext_lazy("all of it, but later"), "short": gettext_lazy("too little in time"),
    "too_far": gettext_lazy("too far for that day"), "empty": gettext_lazy("nothing in sight"),
    "no_lane": gettext_lazy("no lane to the customer"),
}  # fmt: skip
VERDICT_KINDS = {"chosen": "done", "later": "attention", "short": "attention", "too_far": "attention", "empty": "trouble", "no_lane": "trouble"}


def sentence(why: Why) -> str:
    """The explanation's first sentences: what comes when, and why not earlier."""
    line = why.line
    if line.quantity == 0:
        return gone(why)
    q = fmt.quantity
    arrive, day = why.service.arrives, fmt.day(line.requested_date)
    if arrive is None:
        said = _("%(q)s of %(sku)s have no date: %(because)s.") % {"q": q(line.quantity), "sku": line.sku, "because": because(why)}
    elif why.outcome == ON_TIME:
        said = _("%(q)s of %(sku)s arrive %(day)s, in time for %(requested)s: %(parts)s.") % {
            "q": q(line.quantity), "sku": line.sku, "day": fmt.day(arrive), "requested": day, "parts": parts(why)}  # fmt: skip
    else:
        late = (arrive - line.requested_date).days
        days = ngettext("%(n)s day late", "%(n)s days late", late) % {"n": late} if late > 0 else _("in time")
        said = _("%(q)s of %(all)s %(sku)s arrive by %(day)s, %(days)s: %(because)s.") % {
            "q": q(line.quantity - why.service.missing), "all": q(line.quantity), "sku": line.sku, "day": fmt.day(arrive),
            "days": days, "because": because(why)}  # fmt: skip
        if why.service.missing:
            said += " " + _("%(n)s have no date: no supply in sight.") % {"n": q(why.service.missing)}
    if line.pending:
        said += " " + _("It waits for approval; until then this is a claim.")
    return said


def gone(why: Why) -> str:
    """A line with nothing left to place."""
    line = why.line
    said = []
    if line.allocated:
        said.append(_("%(n)s are with the warehouse; their place and day no longer change.") % {"n": fmt.quantity(line.allocated)})
    if line.shipped:
        said.append(_("%(n)s have left.") % {"n": fmt.quantity(line.shipped)})
    return " ".join(said) or _("Nothing of this line is wanted any more.")


def because(why: Why) -> str:
    """The binding constraint as half a sentence."""
    if why.binding != "supply":
        return str(BECAUSE.get(why.binding, _("supply decides")))
    rows = [c for c in why.candidates if c.verdict != "no_lane" and c.latest is not None]
    if not rows:
        return _("no supply in sight") if why.outcome == NONE else _("supply comes later")
    total = sum(c.free for c in rows)
    places = ", ".join(c.name for c in rows)
    if why.outcome == NONE and not total:
        return _("nothing is free at %(places)s, and no receipt is expected in time") % {"places": places}
    return _("only %(free)s are free in time at %(places)s") % {"free": fmt.quantity(total), "places": places}


def parts(why: Why) -> str:
    """Where it ships from, and when."""
    return "; ".join(
        _("%(q)s ship %(day)s from %(place)s") % {"q": fmt.quantity(p.quantity), "day": fmt.day(p.ship_date), "place": p.name}
        for p in why.parts
    )  # fmt: skip


def holder(h: Holder) -> str:
    """Who holds the stock, as far as the viewer may know."""
    if not h.number:
        return _("a higher-ranked order") if h.higher else _("an order promised earlier")
    values = {"q": fmt.quantity(h.quantity), "number": h.number, "customer": h.customer, "place": h.location, "day": fmt.day(h.ship_date or date.min)}
    if h.higher:
        return _("%(q)s for %(customer)s (%(number)s), ranked higher, ship %(day)s from %(place)s") % values
    return _("%(q)s for %(customer)s (%(number)s), promised earlier, ship %(day)s from %(place)s") % values


def help_text(h: Help) -> str:
    """One thing that would help, as a sentence."""
    values = {"n": fmt.quantity(h.quantity), "day": fmt.day(h.by) if h.by else "", "place": h.location, "source": h.source,
              "arrives": fmt.day(h.arrives) if h.arrives else "", "text": h.text}  # fmt: skip
    sentences = {
        "stock": _("%(n)s more at %(place)s by %(day)s: then all of it is in time."),
        "transfer": _("Move %(n)s from %(source)s to %(place)s by %(day)s."),
        "hold": _("Release the hold (%(source)s may): %(text)s") if h.text else _("The order is held; its release comes first."),
        "partial": _("Let the order ship in parts: this line arrives %(arrives)s."),
        "split": _("Let the line be split: its last part arrives %(arrives)s."),
        "replan": _("Plan again: as things stand now, %(n)s could arrive by %(arrives)s."),
    }
    return sentences[h.kind] % values


def changed(versions: Sequence[Version]) -> list[dict[str, Any]]:
    """The promise versions with what each changed, newest first."""
    rows: list[dict[str, Any]] = []
    before: Version | None = None
    for v in versions:
        rows.append({"version": v, "cause": words.phrase(v.cause, dict(v.data)), "change": change(before, v)})
        before = v
    return rows[::-1]


def change(before: Version | None, now: Version) -> str:
    """How a promise differs from the one before."""
    if before is None:
        return ""
    said = []
    if before.delivery_date and now.delivery_date and before.delivery_date != now.delivery_date:
        days = (now.delivery_date - before.delivery_date).days
        one, many = ("%(n)s day later", "%(n)s days later") if days > 0 else ("%(n)s day earlier", "%(n)s days earlier")
        said.append(ngettext(one, many, abs(days)) % {"n": abs(days)})
    if before.quantity != now.quantity:
        more = now.quantity - before.quantity
        said.append((_("%(n)s more") if more > 0 else _("%(n)s fewer")) % {"n": fmt.quantity(abs(more))})
    return ", ".join(said) or _("as before")


def picture(why: Why) -> Any:
    """What is free for this line by day at up to three places, against what it needs."""
    shown = [c for c in why.candidates if c.by_day and c.verdict != "no_lane"][:3]
    if not shown:
        return ""
    days = [fmt.day(d) for d, _free in shown[0].by_day]
    title = _("Free for this line by day; it needs %(n)s") % {"n": fmt.quantity(why.line.quantity)}
    series = [charts.Series(c.name, [free for _d, free in c.by_day]) for c in shown]
    return charts.bars(title, days, series, parts(why) or _("no date"))


def verdict(c: Candidate) -> str:
    """A candidate's verdict in words."""
    return str(VERDICTS[c.verdict])


def as_data(why: Why) -> dict[str, Any]:
    """The explanation as plain JSON values."""
    line = why.line
    return {
        "order": line.number, "position": line.position, "sku": line.sku, "sentence": sentence(why), "outcome": why.outcome,
        "requested_date": line.requested_date, "quantity": line.quantity, "pending": line.pending,
        "allocated": line.allocated, "shipped": line.shipped, "missing": why.service.missing,
        "delivery_date": why.service.arrives, "binding": why.binding,
        "schedule": [{"location": p.location, "ship_date": p.ship_date, "delivery_date": p.delivery_date, "quantity": p.quantity,
                      "source": "receipt" if p.from_receipt else "stock"} for p in why.parts],
        "rank": None if why.place is None else {
            "place": why.place, "of": why.of, "rules_version": why.rules,
            "factors": [{"name": f.name, "value": f.value} for f in why.factors]},
        "held_by": [{"relation": "higher_rank" if h.higher else "promised_earlier", "text": holder(h), "order": h.number or None,
                     "quantity": h.quantity, "location": h.location or None, "ship_date": h.ship_date} for h in why.holders],
        "candidates": [{"location": c.location, "verdict": c.verdict, "first_ship_date": c.first_ship, "latest_ship_date": c.latest,
                        "free": c.free, "arrives": c.arrives, "free_by_day": {d.isoformat(): f for d, f in c.by_day}}
                       for c in why.candidates],
        "would_help": [{"kind": h.kind, "quantity": h.quantity or None, "by": h.by, "location": h.location or None,
                        "arrives": h.arrives, "text": help_text(h)} for h in why.helps],
        "promises": [{"kind": str(v.kind), "at": v.at, "quantity": v.quantity, "delivery_date": v.delivery_date, "binding": v.binding,
                      "cause": v.cause, "change": row["change"]}
                     for row in changed(why.history) for v in [row["version"]]],
    }  # fmt: skip
