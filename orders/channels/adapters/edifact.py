"""EDIFACT ORDERS in (syntax versions 1 to 4, directories D.93A to today's): interchanges checked as ISO 9735 says, then mapped.

Service characters come from UNA, else the level's own; the character set from UNB. A message with a wrong count or
reference is still mapped, so that a person can see what was meant; what is wrong with it stands in its findings.
Element positions of BGM, NAD, PRI and DTM are the same in D.96A and D.01B for all that is read here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from orders.channels.adapters.segments import BLANK, Segment, Separators, day, number, raw_segments, segment
from orders.channels.domain import (
    CANCEL,
    CHANGE,
    ORDER,
    Charge,
    Envelope,
    Finding,
    OrderedLine,
    OrderMessage,
    Parsed,
    Party,
    Read,
    Reference,
    Setting,
    Stated,
)

CHARSETS = {
    "UNOA": "ascii", "UNOB": "ascii", "UNOC": "iso-8859-1", "UNOD": "iso-8859-2", "UNOE": "iso-8859-5", "UNOF": "iso-8859-7",
    "UNOG": "iso-8859-3", "UNOH": "iso-8859-4", "UNOI": "iso-8859-6", "UNOJ": "iso-8859-8", "UNOK": "iso-8859-9",
    "UNOL": "iso-8859-15", "UNOW": "utf-8", "UNOX": "iso-2022-jp", "UNOY": "utf-8",
}  # fmt: skip
LEVEL_A = Separators("+", ":", "'", "?")
# Level B without UNA: information separators of ISO 646, no release character (ISO 9735:1988, 5.2).
LEVEL_B = Separators("\x1d", "\x1f", "\x1c")
MOST_SEGMENTS = 500_000


@dataclass
class Message:
    """A message as it came: its segments from UNH on, and what is wrong with its envelope."""

    segments: list[Segment]
    findings: list[Finding] = field(default_factory=list)

    @property
    def reference(self) -> str:
        return self.segments[0].get(1).strip()

    @property
    def name(self) -> str:
        """ORDERS:D:96A:UN and so on, as UNH says."""
        return ":".join(filter(None, (self.segments[0].get(2, n).strip() for n in range(1, 6))))


@dataclass
class Interchange:
    """An interchange being read: what has come of it so far."""

    head: Segment | None = None
    trailer: Segment | None = None
    messages: list[Message] = field(default_factory=list)
    groups: int = 0
    group: tuple[str, int] | None = None
    open: Message | None = None
    findings: list[Finding] = field(default_factory=list)


def read(data: bytes, setting: Setting) -> Parsed:
    """Every ORDERS message of every interchange in the file."""
    text = data.decode("latin-1")  # cut as bytes; each interchange is then read in its own character set
    envelopes, messages, findings = list[Envelope](), list[Read](), list[Finding]()
    position = 3 if text.startswith("\xef\xbb\xbf") else 0
    while True:
        while position < len(text) and text[position] in BLANK:
            position += 1
        if position >= len(text):
            break
        cuts, start = service_characters(text, position)
        if cuts is None:
            findings.append(Finding("no_interchange", f"@{position}", {"found": text[position : position + 20], "format": "EDIFACT"}))
            break
        found, position = interchange(text, start, cuts, setting.charset)
        mark = Finding("no_interchange", "UNB", {"found": text[start : start + 20], "format": "EDIFACT"})
        if found.head is None:
            findings.append(mark)
            break
        n = len(envelopes)
        envelopes.append(envelope_of(found, cuts))
        test = found.head.get(11).strip() == "1"
        messages += [message(one, n, test, cuts) for one in found.messages]
    return Parsed(tuple(messages), tuple(envelopes), tuple(findings))


def service_characters(text: str, start: int) -> tuple[Separators | None, int]:
    """(separators, where UNB begins): UNA's six characters, else those of the level."""
    if text[start : start + 3] == "UNA" and len(text) >= start + 9:
        component, element, point, release, reserved, terminator = list(text[start + 3 : start + 9])
        if len({component, element, terminator}) < 3:
            return None, start
        repetition = reserved if reserved != " " and reserved not in (component, element, terminator) else ""
        return Separators(element, component, terminator, release.strip(), repetition, point), start + 9
    if text[start : start + 4] == "UNB" + LEVEL_B.element:
        return LEVEL_B, start
    return (LEVEL_A, start) if text[start : start + 4] == "UNB+" else (None, start)


def interchange(text: str, start: int, cuts: Separators, charset: str) -> tuple[Interchange, int]:
    """One interchange up to its UNZ (or where the next one begins, or the file ends)."""
    found, position = Interchange(), start
    for count, (raw, after, closed) in enumerate(raw_segments(text, start, cuts)):
        again = raw.startswith("UNA") or (raw.startswith("UNB" + cuts.element) and found.head is not None)
        if again or count > MOST_SEGMENTS or (found.head is None and not raw.startswith("UNB" + cuts.element)):
            break
        position = after
        if found.head is None:
            level = raw[4:8].upper()
            version = segment(raw, cuts).get(1, 2).strip()
            cuts = for_version(cuts, version)
            charset = charset or CHARSETS.get(level, "")
            if level not in CHARSETS:
                found.findings.append(Finding("charset_unknown", "S001", {"name": level}, ("interchange", "2")))
                charset = charset or "iso-8859-1"
        raw, wrong = decoded(raw, charset)
        seg = segment(raw.strip(BLANK), cuts)
        if wrong and found.open is None:
            found.findings.append(Finding("charset", seg.tag, {"charset": charset, "byte": wrong}, ("interchange", "21")))
        place(seg, found, wrong, charset)
        if seg.tag == "UNZ":
            found.trailer = seg
            break
        if not closed:
            found.findings.append(Finding("truncated", seg.tag, {"missing": "UNZ"}, ("interchange", "13")))
    return found, max(position, start + 1)


def for_version(cuts: Separators, version: str) -> Separators:
    """Repetition exists from syntax version 4 on; there it is an asterisk unless UNA names another."""
    if not version.isdecimal() or int(version) < 4:
        return replace(cuts, repetition="")
    return cuts if cuts.repetition else replace(cuts, repetition="*" if "*" not in (cuts.element, cuts.component) else "")


def decoded(raw: str, charset: str) -> tuple[str, str]:
    """(text, first byte that is not of the character set or ""); such bytes are shown as what Latin-1 makes of them."""
    if raw.isascii() and charset != "iso-2022-jp":
        return raw, ""
    try:
        return raw.encode("latin-1").decode(charset), ""
    except UnicodeDecodeError as error:
        return raw, f"0x{error.object[error.start]:02X}"
    except LookupError:
        return raw, "0x" + next((f"{ord(c):02X}" for c in raw if not c.isascii()), "")


def place(seg: Segment, found: Interchange, wrong: str, charset: str) -> None:
    """Put a segment where it belongs."""
    if seg.tag == "UNB" and found.head is None:
        found.head = seg
    elif seg.tag == "UNG":
        found.groups, found.group = found.groups + 1, (seg.get(5).strip(), len(found.messages))
    elif seg.tag == "UNE":
        close_group(seg, found)
    elif seg.tag == "UNH":
        seg.ordinal = 1
        found.open = Message([seg])
        found.messages.append(found.open)
    elif found.open is not None:
        seg.ordinal = len(found.open.segments) + 1
        found.open.segments.append(seg)
        if wrong:
            found.open.findings.append(Finding("charset", seg.tag, {"charset": charset, "byte": wrong}, ("message", "21")))
        if seg.tag == "UNT":
            found.open.findings += message_findings(found.open)
            found.open = None
    elif seg.tag not in ("UNZ", "UNA"):
        found.findings.append(Finding("misplaced", seg.tag, {"segment": seg.tag}, ("interchange", "33")))


def close_group(trailer: Segment, found: Interchange) -> None:
    """UNE: its reference is UNG's, its count is of the messages since."""
    reference, before = found.group or ("", 0)
    found.findings += agreement(trailer, reference, len(found.messages) - before, "UNE")
    found.group = None


def agreement(trailer: Segment, reference: str, count: int, name: str, level: str = "interchange") -> list[Finding]:
    """A trailer's count (CONTRL 29) and reference (28) against what they close."""
    findings = []
    if trailer.get(2).strip() != reference:
        findings.append(Finding("control_mismatch", name, {"head": reference, "trailer": trailer.get(2)}, (level, "28")))
    if not trailer.get(1).strip().isdecimal() or int(trailer.get(1)) != count:
        findings.append(Finding("wrong_count", name, {"stated": trailer.get(1), "computed": str(count)}, (level, "29")))
    return findings


def message_findings(one: Message) -> list[Finding]:
    """UNT: its reference is UNH's, its count is of all segments with UNH and UNT."""
    return agreement(one.segments[-1], one.reference, len(one.segments), "UNT", "message")


def envelope_of(found: Interchange, cuts: Separators) -> Envelope:
    """The interchange as a whole: UNZ's reference is UNB's, its count is of groups if there are any, else of messages."""
    head = found.head
    assert head is not None
    findings = list(found.findings)
    if found.trailer is not None:
        findings += agreement(found.trailer, head.get(5).strip(), found.groups or len(found.messages), "UNZ")
    elif not any(f.code == "truncated" for f in findings):
        findings.append(Finding("truncated", "UNZ", {"missing": "UNZ"}, ("interchange", "13")))
    for one in found.messages:
        if one.segments[-1].tag != "UNT":
            one.findings.append(Finding("truncated", "UNT", {"missing": "UNT"}, ("message", "13")))
    return Envelope(
        sender=":".join(filter(None, (head.get(2, 1), head.get(2, 2)))), recipient=":".join(filter(None, (head.get(3, 1), head.get(3, 2)))),
        control=head.get(5).strip(), findings=tuple(findings),
        facts={"syntax": head.get(1, 1), "version": head.get(1, 2), "sender": head.get(2, 1), "sender_qualifier": head.get(2, 2),
               "recipient": head.get(3, 1), "recipient_qualifier": head.get(3, 2), "ask": head.get(9).strip(), "test": head.get(11).strip(),
               "component": cuts.component, "element": cuts.element, "terminator": cuts.terminator, "release": cuts.release or "?"},
    )  # fmt: skip


def message(one: Message, envelope: int, test: bool, cuts: Separators) -> Read:
    """A message; everything but ORDERS is not for us (CONTRL 14), what acknowledges ours asks nothing."""
    kind = one.segments[0].get(2).strip()
    if kind != "ORDERS":
        nothing = f"{kind} acknowledges one of ours" if kind in ("CONTRL", "APERAK") else ""
        findings = [] if nothing else [Finding("unsupported", "UNH", {"name": one.name}, ("message", "14"))]
        return Read(one.reference, one.name, None, (*findings, *one.findings), envelope, 0, nothing, test)
    mapped = MappingOrders(one.segments)
    order = mapped.order()
    return Read(one.reference, one.name, order, (*one.findings, *mapped.findings), envelope, test=test)


FUNCTIONS = {"9": ORDER, "": ORDER, "6": ORDER, "7": ORDER, "16": ORDER, "31": ORDER, "42": ORDER, "43": ORDER,
             "4": CHANGE, "5": CHANGE, "36": CHANGE, "1": CANCEL, "3": CANCEL, "17": CANCEL}  # fmt: skip
SCHEMES = {"EN": "gtin", "SRV": "gtin", "UP": "gtin", "EAN": "gtin", "IB": "gtin", "SA": "seller", "VN": "seller", "VP": "seller",
           "BP": "buyer", "IN": "buyer", "BUI": "buyer", "MF": "manufacturer", "MN": "manufacturer"}  # fmt: skip
BUYER, SHIP_TO, PAYER = ("BY", "OB", "BO"), ("DP", "ST", "CN", "UC"), ("IV", "BT", "PR")


def moment(text: str, form: str) -> date | None:
    """The (first) day of a DTM value in its format (code list 2379)."""
    text = text.strip()
    if form in ("102", "203", "204", "718", "711", "719", ""):
        return day(text[:8])
    if form in ("101", "201", "205"):
        return day(text[:6])
    if form == "2" and len(text) == 6:
        return day(text[4:6] + text[2:4] + text[0:2])
    if form == "616" and len(text) == 6 and text.isdecimal():
        try:
            return date.fromisocalendar(int(text[:4]), int(text[4:]), 1)
        except ValueError:
            return None
    return None


class MappingOrders:
    """The segments of one ORDERS read in order; groups are told by where one is (head, a party, a line, the summary)."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self.segments = segments
        self.findings: list[Finding] = []
        self.facts: dict[str, str] = {}
        self.parties: dict[str, Party] = {}
        self.lines: list[OrderedLine] = []
        self.charges: list[Charge] = []
        self.dates: dict[str, date] = {}
        self.notes: list[str] = []
        self.summary = False
        self.allowance: Segment | None = None
        self.sums: dict[str, Decimal] = {}
        self.stated = Stated()

    def order(self) -> OrderMessage | None:
        """The order, as far as it can be read; what can't is in `findings`."""
        for seg in self.segments[1:]:
            handle = getattr(self, f"on_{seg.tag.lower()}", None)
            if handle is not None and seg.tag.isalnum():
                handle(seg)
        if "number" not in self.facts:
            self.findings.append(Finding("segment_missing", "BGM", {"segment": "BGM"}, ("message", "13")))
            return None
        if not self.lines and self.facts["kind"] != CANCEL:
            self.findings.append(Finding("no_lines", "LIN", {}, ("message", "13")))
        for line in self.lines:
            if not line.quantity and not any(f.facts.get("line") == line.number for f in self.findings):
                self.findings.append(Finding("quantity_missing", "QTY", {"line": line.number}, ("message", "13")))
            if not line.references:
                self.findings.append(Finding("no_reference", "LIN", {"line": line.number}, ("message", "13")))
        dates = sorted({line.requested_date for line in self.lines if line.requested_date})
        if len(dates) > 1:
            self.notes.append("Dates of lines: " + ", ".join(f"{x.number} {x.requested_date}" for x in self.lines if x.requested_date))
        requested = next((self.dates[c] for c in ("2", "69", "76", "64", "10", "63", "358") if c in self.dates), None)
        return OrderMessage(
            kind=self.facts["kind"], number=self.facts["number"], customer_po=self.facts["number"], ordered_on=self.dates.get("137"),
            currency=self.facts.get("currency", ""), buyer=self.party(BUYER), ship_to=self.party(SHIP_TO), payer=self.party(PAYER),
            lines=tuple(self.lines), charges=tuple(self.charges), requested_date=requested or (dates[0] if dates else None),
            cancel_after=self.dates.get("61"), notes="\n".join(self.notes)[:2000], stated=self.totals(),
        )  # fmt: skip

    def totals(self) -> Stated:
        """The summary's amounts (code list 5025): 86 is the net where no tax is said, else what is to be paid."""
        sums = self.sums
        tax, net, message = sums.get("124", sums.get("176")), sums.get("125"), sums.get("86")
        taxed = tax is not None or net is not None
        total = sums.get("128", sums.get("139", message if taxed else None))
        return replace(self.stated, lines_net=sums.get("79"), net=net if taxed else message, tax=tax, total=total)

    def party(self, codes: Sequence[str]) -> Party:
        return next((self.parties[code] for code in codes if code in self.parties), Party())

    def wrong(self, seg: Segment, code: str, value: str, reply: str = "12", **facts: str) -> None:
        """Something in a segment that can't be right; CONTRL names message and error."""
        if self.lines:
            facts = {"line": self.lines[-1].number, **facts}
        self.findings.append(Finding(code, seg.tag, {"value": value, **facts}, ("segment", seg.tag, str(seg.ordinal), reply)))

    def on_bgm(self, seg: Segment) -> None:
        text, function = seg.get(2).strip(), seg.get(3).strip()
        if function not in FUNCTIONS:
            self.wrong(seg, "purpose", function)
        if not text:
            self.wrong(seg, "number_missing", text, "13")
            return
        self.facts |= {"number": text, "kind": FUNCTIONS.get(function, ORDER)}

    def on_dtm(self, seg: Segment) -> None:
        code, text = seg.get(1, 1).strip(), seg.get(1, 2).strip()
        found = moment(text, seg.get(1, 3).strip())
        if found is None:
            if text and code in ("137", "2", "61", "63", "64", "10", "69", "76"):
                self.wrong(seg, "bad_date", text)
        elif not self.lines:
            self.dates.setdefault(code, found)
        elif not self.summary and code in ("2", "63", "64", "69", "76", "10") and self.lines[-1].requested_date is None:
            self.lines[-1] = replace(self.lines[-1], requested_date=found)

    def on_ftx(self, seg: Segment) -> None:
        words = " ".join(filter(None, (seg.get(4, n).strip() for n in range(1, 6))))
        if words:
            self.notes.append(f"Line {self.lines[-1].number}: {words}" if self.lines and not self.summary else words)

    def on_nad(self, seg: Segment) -> None:
        role = seg.get(1).strip()
        if self.lines:
            if role in SHIP_TO:
                self.wrong(seg, "destinations", seg.get(2, 1), "14")
            return
        named = [part.strip() for n in (4, 3) for part in (seg.get(n, c) for c in range(1, 6)) if part.strip()]
        street = ", ".join(filter(None, (seg.get(5, n).strip() for n in range(1, 5))))
        self.parties.setdefault(role, Party(
            code=seg.get(2, 1).strip(), name=named[0] if named else "", street=street, city=seg.get(6).strip(),
            region=seg.get(7).strip(), postal_code=seg.get(8).strip(), country=seg.get(9).strip().upper(),
        ))  # fmt: skip

    def on_loc(self, seg: Segment) -> None:
        if self.lines and not self.summary and seg.get(1).strip() == "7":
            self.wrong(seg, "destinations", seg.get(2, 1), "14")

    def on_cux(self, seg: Segment) -> None:
        if seg.get(1, 1).strip() in ("2", ""):
            self.facts.setdefault("currency", seg.get(1, 2).strip().upper())

    def on_lin(self, seg: Segment) -> None:
        self.allowance = None
        code = seg.get(3, 1).strip()
        references = (Reference(SCHEMES.get(seg.get(3, 2).strip(), ""), code),) if code else ()
        self.lines.append(OrderedLine(seg.get(1).strip() or str(len(self.lines) + 1), references, Decimal(0)))

    def on_pia(self, seg: Segment) -> None:
        """Additional (1), own (5) identification; substitutes (3) are no order of this line."""
        if not self.lines or seg.get(1).strip() not in ("1", "5"):
            return
        line = self.lines[-1]
        more = tuple(
            Reference(SCHEMES.get(seg.get(n, 2).strip(), ""), seg.get(n, 1).strip()) for n in range(2, 7) if seg.get(n, 1).strip()
        )
        # What PIA+5 says is the identification itself: it goes first.
        self.lines[-1] = replace(line, references=(*more, *line.references) if seg.get(1).strip() == "5" else (*line.references, *more))

    def on_imd(self, seg: Segment) -> None:
        if self.lines and not self.lines[-1].description:
            words = " ".join(filter(None, (seg.get(3, 4).strip(), seg.get(3, 5).strip())))
            self.lines[-1] = replace(self.lines[-1], description=words[:200])

    def on_qty(self, seg: Segment) -> None:
        if not self.lines or self.summary:
            return
        code, amount = seg.get(1, 1).strip(), number(seg.get(1, 2), "")
        if code == "11":
            self.wrong(seg, "destinations", seg.get(1, 2), "14")
        if code not in ("21", "1", "47") or self.lines[-1].quantity:
            return
        if amount is None or amount <= 0:
            self.wrong(seg, "bad_number", seg.get(1, 2))
            return
        self.lines[-1] = replace(self.lines[-1], quantity=amount, unit=seg.get(1, 3).strip())

    def on_pri(self, seg: Segment) -> None:
        """AAA is net and wins over AAB (gross) and what else there is."""
        if not self.lines or self.summary:
            return
        line, kind, amount = self.lines[-1], seg.get(1, 1).strip(), number(seg.get(1, 2), "")
        basis = number(seg.get(1, 5), "") if seg.get(1, 5).strip() else Decimal(1)
        if amount is None or basis is None or basis <= 0:
            self.wrong(seg, "bad_number", seg.get(1, 2))
        elif line.price is None or kind == "AAA":
            self.lines[-1] = replace(line, price=amount, basis=basis)

    def on_alc(self, seg: Segment) -> None:
        self.allowance = seg

    def on_moa(self, seg: Segment) -> None:
        code, amount = seg.get(1, 1).strip(), number(seg.get(1, 2), "")
        if amount is None:
            if code in ("203", "66", "79", "86", "125", "128", "139", "8", "23", "204"):
                self.wrong(seg, "bad_number", seg.get(1, 2))
            return
        if self.summary:
            self.sums.setdefault(code, amount)
        elif self.allowance is not None and code in ("8", "23", "204", "25"):
            self.apply_allowance(amount)
        elif self.lines and code in ("203", "66"):
            self.lines[-1] = replace(self.lines[-1], net=amount)

    def apply_allowance(self, amount: Decimal) -> None:
        """The amount of the allowance or charge one is in: a line's goes into its discount."""
        assert self.allowance is not None
        seg, self.allowance = self.allowance, None
        money = -abs(amount) if seg.get(1).strip() in ("A", "N") else abs(amount)
        if self.lines:
            self.lines[-1] = replace(self.lines[-1], discount=self.lines[-1].discount - money)
        else:
            words = seg.get(5, 4).strip() or seg.get(5, 1).strip() or ("Allowance" if money < 0 else "Charge")
            self.charges.append(Charge(words, money))

    def on_uns(self, seg: Segment) -> None:
        self.summary = seg.get(1).strip() == "S"

    def on_cnt(self, seg: Segment) -> None:
        """Control totals: 2 is the number of line items, 1 the sum of their quantities."""
        code, amount = seg.get(1, 1).strip(), number(seg.get(1, 2), "")
        if code == "2" and amount is not None and amount == int(amount):
            self.stated = replace(self.stated, lines=int(amount))
        elif code == "1":
            self.stated = replace(self.stated, quantity=amount)

