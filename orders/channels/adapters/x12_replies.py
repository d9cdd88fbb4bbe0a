"""X12 out: TA1 and 997 for what came, 855 for what we make of an order; in the sender's separators and version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from orders.channels.domain import Envelope, Finding, Parsed, Read, Written, count
from orders.channels.domain.answers import ACCEPTED, REJECTED, AnswerLine, OrderAnswer

CONTENT_TYPE = "application/edi-x12"
ACK_TYPE = {ACCEPTED: "AD", REJECTED: "RD"}


def acknowledge(parsed: Parsed, n: int, controls: Iterator[int], now: datetime) -> list[Written]:
    """The TA1 (asked for, or refusing) and a 997 a group of interchange `n`. A refused interchange gets no 997."""
    envelope = parsed.envelopes[n]
    refused = next((f.reply[1] for f in envelope.findings if f.reply and f.reply[0] == "interchange"), "")
    made: list[Written] = []
    if refused or envelope.facts["ask"] == "1":
        made.append(wrapped(envelope, [], next(controls), now, "TA1", [ta1(envelope, refused)]))
    if refused:
        return made
    for g, group in enumerate(envelope.groups):
        sets = [m for m in parsed.messages if m.envelope == n and m.group == g]
        if group["id"] == "FA" or not sets:
            continue  # acknowledgements are not acknowledged
        made.append(wrapped(envelope, functional(group, sets), next(controls), now, "997", group=group))
    return made


def ta1(envelope: Envelope, code: str) -> str:
    """TA1*control*date*time*A or R*note."""
    facts = envelope.facts
    return facts["element"].join(["TA1", envelope.control.zfill(9), facts["date"], facts["time"], "R" if code else "A", code or "000"])


def functional(group: Mapping[str, str], sets: Sequence[Read]) -> list[list[str]]:
    """The segments of a 997 between ST and SE: each set accepted, accepted with errors, or refused with its reasons."""
    body = [["AK1", group["id"], group["control"]]]
    accepted = with_errors = 0
    for one in sets:
        codes = [f.reply[1] for f in one.findings if f.reply and f.reply[0] == "set"]
        details = element_notes(one.findings)
        codes += ["5"] if details and "5" not in codes else []
        refused = bool(codes) or bool(group["codes"])
        accepted += not refused
        with_errors += bool(details)
        body += [["AK2", one.name, one.reference], *details, ["AK5", "R" if refused else "A", *codes[:5]]]
    state = "R" if not accepted else "P" if accepted < len(sets) else "A"
    body.append(["AK9", state, group["sets"], str(len(sets)), str(accepted), *filter(None, group["codes"].split(","))])
    return body


def element_notes(findings: Sequence[Finding]) -> list[list[str]]:
    """AK3 (segment, its ordinal) and AK4 (element, error code, value) of what is wrong inside a set."""
    notes: list[list[str]] = []
    for f in findings:
        if f.reply[:1] == ("segment",):
            notes.append(["AK3", f.reply[1], f.reply[2], "", f.reply[3]])
        elif f.reply[:1] == ("element",):
            _level, tag, ordinal, element, code = f.reply
            notes += [["AK3", tag, ordinal, "", "8"], ["AK4", element, "", code, f.facts.get("value", "")[:99]]]
    return notes


def wrapped(
    envelope: Envelope, body: Sequence[Sequence[str]], control: int, now: datetime, kind: str, bare: Sequence[str] = (),
    group: Mapping[str, str] | None = None, functional_id: str = "FA",
) -> Written:  # fmt: skip
    """An interchange back to the sender: ISA turned round, and what it carries in one group and set (or bare: TA1)."""
    facts = envelope.facts
    cut, component, end = facts["element"], facts["component"], facts["terminator"]
    to_qualifier, _, to = envelope.sender.partition(":")
    from_qualifier, _, ours = envelope.recipient.partition(":")
    number = f"{control % 10**9:09}"
    isa = ["ISA", "00", " " * 10, "00", " " * 10, from_qualifier.ljust(2), ours.ljust(15), to_qualifier.ljust(2), to.ljust(15), now.strftime("%y%m%d"),
           now.strftime("%H%M"), facts["repetition"] or "U", facts["version"].zfill(5), number, "0", facts["test"] or "P", component]  # fmt: skip
    lines = [cut.join(isa), *bare]
    if group is not None:
        version = group["version"] or "004010"
        lines.append(cut.join(["GS", functional_id, group["recipient"], group["sender"], now.strftime("%Y%m%d"), now.strftime("%H%M"), str(control), "X", version]))
        st = [["ST", kind, "0001"], *body]
        lines += [cut.join(clean(x, facts) for x in trimmed(row)) for row in st]
        lines.append(cut.join(["SE", str(len(st) + 1), "0001"]))
        lines.append(cut.join(["GE", "1", str(control)]))
    lines.append(cut.join(["IEA", "1" if group is not None else "0", number]))
    text = "".join(line + end + ("\n" if end not in "\r\n" else "") for line in lines)
    return Written(kind, number, CONTENT_TYPE, text.encode("ascii", "replace"))


def trimmed(row: Sequence[str]) -> list[str]:
    """Trailing empty elements are left out (X12.6)."""
    row = list(row)
    while row and not row[-1]:
        row.pop()
    return row


def clean(text: str, facts: Mapping[str, str]) -> str:
    """X12 has no release character: what would cut becomes a blank."""
    for mark in (facts["element"], facts["component"], facts["terminator"], "\r", "\n"):
        text = text.replace(mark, " ")
    return text


def answer(given: OrderAnswer, envelope: Envelope, group: Mapping[str, str], control: int, now: datetime) -> Written:
    """The 855: BAK with the whole's state, per line PO1 and an ACK for each part."""
    body = [["BAK", "00", ACK_TYPE.get(given.status, "AC"), given.number, day(given.ordered_on), "", "", "", given.ours, day(given.on)]]
    if given.currency:
        body.append(["CUR", "SE", given.currency])
    for line in given.lines:
        body += line_rows(line)
    body.append(["CTT", str(len(given.lines))])
    return wrapped(envelope, body, control, now, "855", group=group, functional_id="PR")


QUALIFIERS = {"buyer": "BP", "gtin": "UP", "manufacturer": "MG"}


def line_rows(line: AnswerLine) -> list[list[str]]:
    """PO1 as ordered at our price, then ACK: IA accepted, IP price changed, DR another day, IB backordered, IR refused."""
    codes = [x for r in line.references for x in ((QUALIFIERS[r.scheme], r.code) if r.scheme in QUALIFIERS else ())]
    price = count(line.price) if line.price is not None else ""
    basis = {10: "PN", 100: "HP", 1000: "TP"}.get(int(line.basis), "")
    rows = [["PO1", line.number, count(line.ordered), line.unit or "EA", price, basis, "VN", line.sku, *codes]]
    kind = "IP" if line.price_changed else "DR" if line.late else "IA"
    rows += [["ACK", kind, count(quantity), line.unit or "EA", "017", day(on)] for quantity, on in line.parts]
    if line.open:
        rows.append(["ACK", "IB", count(line.open), line.unit or "EA"])
    if line.refused:
        rows.append(["ACK", "IR", count(line.refused), line.unit or "EA"])
    return rows


def day(on: object) -> str:
    return on.strftime("%Y%m%d") if on else ""  # type: ignore[attr-defined]
