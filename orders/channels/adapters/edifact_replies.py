"""EDIFACT out: CONTRL for what came, ORDRSP for what we make of an order; in the sender's directory and character set."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime

from orders.channels.adapters.edifact import CHARSETS
from orders.channels.domain import Envelope, Parsed, Read, Written, count
from orders.channels.domain.answers import ACCEPTED, REJECTED, AnswerLine, OrderAnswer

CONTENT_TYPE = "application/edifact"
Part = str | Sequence[str]
# Message function (1225) and line action (1229).
FUNCTION = {ACCEPTED: "29", REJECTED: "27"}
ACTION = {ACCEPTED: "5", REJECTED: "7"}


def acknowledge(parsed: Parsed, n: int, controls: Iterator[int], now: datetime) -> list[Written]:
    """A CONTRL for interchange `n` where the sender asked for one (0031) or something is refused."""
    envelope = parsed.envelopes[n]
    messages = [m for m in parsed.messages if m.envelope == n]
    if messages and all(m.nothing for m in messages):
        return []  # acknowledgements are not acknowledged
    code = error_of(envelope.findings, "interchange")
    refused = [m for m in messages if code_of(m)]
    if envelope.facts["ask"] != "1" and not code and not refused:
        return []
    facts = envelope.facts
    sender: Part = [facts["sender"], facts["sender_qualifier"]]
    recipient: Part = [facts["recipient"], facts["recipient_qualifier"]]
    rows: list[list[Part]] = [["UCI", envelope.control, sender, recipient, "4" if code else "7", code]]
    if not code:
        rows += [["UCM", m.reference, m.name.split(":"), "4" if code_of(m) else "7", code_of(m)] for m in messages]
    return [wrapped(envelope, rows, ["CONTRL", "D", "3", "UN"], next(controls), now, "CONTRL")]


def error_of(findings: Sequence[object], level: str) -> str:
    """The first error code (0085) of a level."""
    return next((f.reply[1] for f in findings if f.reply and f.reply[0] == level), "")  # type: ignore[attr-defined]


def code_of(message: Read) -> str:
    """Why a message is refused: its own code, or that of a segment in it."""
    inner = next((f.reply[3] for f in message.findings if f.reply and f.reply[0] == "segment"), "")
    return error_of(message.findings, "message") or inner


def wrapped(envelope: Envelope, rows: Sequence[Sequence[Part]], name: Sequence[str], control: int, now: datetime, kind: str) -> Written:
    """An interchange back to the sender with one message."""
    facts = envelope.facts
    number = str(control)
    test: list[Part] = ["", "", "", "", "", "1"] if facts["test"] == "1" else []
    body: list[Sequence[Part]] = [["UNH", "1", name], *rows]
    whole: list[Sequence[Part]] = [
        ["UNB", [facts["syntax"], facts["version"]], [facts["recipient"], facts["recipient_qualifier"]],
         [facts["sender"], facts["sender_qualifier"]], [now.strftime("%y%m%d"), now.strftime("%H%M")], number, *test],
        *body, ["UNT", str(len(body) + 1), "1"], ["UNZ", "1", number],
    ]  # fmt: skip
    marks = [facts["component"], facts["element"], ".", facts["release"], " ", facts["terminator"]]
    charset = CHARSETS.get(facts["syntax"], "iso-8859-1")
    text = "UNA" + "".join(marks) + "".join("\n" + written(row, facts, charset) + facts["terminator"] for row in whole) + "\n"
    return Written(kind, number, CONTENT_TYPE, text.encode(charset, "replace"))


def written(row: Sequence[Part], facts: Mapping[str, str], charset: str) -> str:
    """A segment: elements without trailing empty ones, components likewise, service characters released."""
    elements = [component(part, facts, charset) for part in row]
    while elements and not elements[-1]:
        elements.pop()
    return facts["element"].join(elements)


def component(part: Part, facts: Mapping[str, str], charset: str) -> str:
    parts = [released(x, facts, charset) for x in ([part] if isinstance(part, str) else part)]
    while parts and not parts[-1]:
        parts.pop()
    return facts["component"].join(parts)


def released(text: str, facts: Mapping[str, str], charset: str) -> str:
    """`text` in the character set (accents are dropped where it has none), service characters behind the release character."""
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
        text = plain
    release = facts["release"]
    for mark in (release, facts["component"], facts["element"], facts["terminator"]):
        text = text.replace(mark, release + mark)
    return text.replace("\r", " ").replace("\n", " ")


def answer(given: OrderAnswer, envelope: Envelope, name: str, control: int, now: datetime) -> Written:
    """The ORDRSP in the directory of the ORDERS it answers (`name` as UNH said it)."""
    parts = [*name.split(":"), "", "", ""]
    directory = ["ORDRSP", parts[1] or "D", parts[2] or "96A", parts[3] or "UN"]
    rows: list[list[Part]] = [
        ["BGM", "231", given.ours, FUNCTION.get(given.status, "4")],
        ["DTM", ["137", day(given.on), "102"]],
        ["RFF", ["ON", given.number]],
    ]
    if given.ordered_on:
        rows.append(["DTM", ["171", day(given.ordered_on), "102"]])
    rows += [["NAD", "BY", [given.buyer.code, "", "9"] if given.buyer.code else ""], ["NAD", "SU", [envelope.facts["recipient"], "", "9"]]]
    if given.currency:
        rows.append(["CUX", ["2", given.currency, "9"]])
    for line in given.lines:
        rows += line_rows(line)
    rows += [["UNS", "S"], ["CNT", ["2", str(len(given.lines))]]]
    return wrapped(envelope, rows, directory, control, now, "ORDRSP")


def line_rows(line: AnswerLine) -> list[list[Part]]:
    """LIN with its action; 21 ordered, 113 comes (with its day), 83 backordered, 182 refused; our price."""
    gtin = next((r.code for r in line.references if r.scheme == "gtin"), "")
    buyer = next((r.code for r in line.references if r.scheme == "buyer"), "")
    rows: list[list[Part]] = [["LIN", line.number, ACTION.get(line.status, "3"), [gtin, "EN"] if gtin else ""], ["PIA", "5", [line.sku, "SA"]]]
    if buyer:
        rows.append(["PIA", "1", [buyer, "IN"]])
    rows.append(["QTY", ["21", count(line.ordered), line.unit]])
    for quantity, on in line.parts:
        rows += [["QTY", ["113", count(quantity), line.unit]], ["DTM", ["69", day(on), "102"]]]
    if line.open:
        rows.append(["QTY", ["83", count(line.open), line.unit]])
    if line.refused:
        rows.append(["QTY", ["182", count(line.refused), line.unit]])
    if line.price is not None:
        rows.append(["PRI", ["AAA", count(line.price), "", "", count(line.basis) if line.basis != 1 else ""]])
    return rows


def day(on: date) -> str:
    return on.strftime("%Y%m%d")
