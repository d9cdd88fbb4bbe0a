"""X12 850 in (ASC X12 release 003040 and later): interchanges, groups and sets checked as the standard says, then mapped.

Separators are read from each ISA, also from one whose fields are not padded. A set with a wrong count or control number
is still mapped, so that a person can see what was meant; what is wrong with it stands in its findings.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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

ISA_FIELDS = 16
MOST_SEGMENTS = 500_000


@dataclass
class Set:
    """A transaction set as it came: its segments from ST on, and what is wrong with its envelope."""

    segments: list[Segment]
    findings: list[Finding] = field(default_factory=list)

    @property
    def code(self) -> str:
        return self.segments[0].get(1).strip()

    @property
    def control(self) -> str:
        return self.segments[0].get(2).strip()


@dataclass
class Group:
    """A functional group: its GS, its sets, and what is wrong with it."""

    head: Segment
    sets: list[Set] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def text_of(data: bytes, charset: str) -> str:
    """X12 does not say its character set: the partner's setting, else UTF-8, else Latin-1 (which takes every byte)."""
    for name in filter(None, (charset, "utf-8-sig", "latin-1")):
        try:
            return data.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
    raise AssertionError("latin-1 takes every byte")


def read(data: bytes, setting: Setting) -> Parsed:
    """Every purchase order of every interchange in the file."""
    text = text_of(data, setting.charset)
    envelopes, messages, findings = list[Envelope](), list[Read](), list[Finding]()
    position = 0
    while True:
        while position < len(text) and text[position] in BLANK:
            position += 1
        if position >= len(text):
            break
        cuts, isa, position = head_of(text, position)
        if cuts is None or isa is None:
            findings.append(Finding("no_interchange", f"@{position}", {"found": text[position : position + 20], "format": "X12"}))
            break
        envelope, read_messages, position = interchange(text, position, cuts, isa, len(envelopes))
        envelopes.append(envelope)
        messages += read_messages
    return Parsed(tuple(messages), tuple(envelopes), tuple(findings))


def head_of(text: str, start: int) -> tuple[Separators | None, list[str] | None, int]:
    """(separators, the sixteen fields of the ISA, where the first group begins); (None, None, start) when it is no ISA."""
    cut = text[start + 3 : start + 4]
    if text[start : start + 3] != "ISA" or not cut or cut.isalnum() or cut in BLANK:
        return None, None, start
    fields, at = [], start + 4
    for _n in range(ISA_FIELDS - 1):
        end = text.find(cut, at, at + 60)
        if end < 0:
            return None, None, start
        fields.append(text[at:end].strip())
        at = end + 1
    component, terminator = text[at : at + 1], text[at + 1 : at + 2]
    if not terminator or terminator.isalnum() or component.isalnum() or len({cut, component, terminator}) < 3:
        return None, None, start
    if terminator == " ":  # an unpadded ISA whose sixteenth field was padded: the terminator is the next mark
        rest = text[at + 1 : at + 10].lstrip(" ")
        terminator = rest[:1] or "~"
        at = text.index(terminator, at) - 1
    fields.append(component)
    repetition = fields[10] if len(fields[10]) == 1 and not fields[10].isalnum() and fields[11] >= "00402" else ""
    return Separators(cut, component, terminator, "", repetition), fields, at + 2


def interchange(text: str, start: int, cuts: Separators, isa: list[str], n: int) -> tuple[Envelope, list[Read], int]:
    """One interchange up to its IEA (or where the next one begins, or the file ends)."""
    groups, findings, trailer, position = list[Group](), list[Finding](), None, start
    open_set: Set | None = None
    for count, (raw, after, closed) in enumerate(raw_segments(text, start, cuts)):
        if raw.startswith("ISA" + cuts.element) or count > MOST_SEGMENTS:
            break
        position = after
        seg = segment(raw.strip(BLANK), cuts)
        if seg.tag == "IEA":
            trailer = seg
            break
        if not closed:
            findings.append(Finding("truncated", seg.tag, {"missing": "IEA"}, ("interchange", "023")))
        open_set = place(seg, groups, open_set, findings)
    if trailer is None and not any(f.code == "truncated" for f in findings):
        findings.append(Finding("truncated", "IEA", {"missing": "IEA"}, ("interchange", "023")))
    if trailer is not None:
        findings += trailer_findings(trailer, isa, len(groups))
    for group in groups:
        close_group(group, open_set)
    envelope = Envelope(
        sender=f"{isa[4]}:{isa[5]}", recipient=f"{isa[6]}:{isa[7]}", control=isa[12], findings=tuple(findings),
        groups=tuple(group_facts(group) for group in groups),
        facts={"element": cuts.element, "component": cuts.component, "terminator": cuts.terminator, "version": isa[11],
               "repetition": isa[10], "date": isa[8], "time": isa[9], "ask": isa[13], "test": isa[14]},
    )  # fmt: skip
    return envelope, [message(one, group, g, n, isa[14] == "T") for g, group in enumerate(groups) for one in group.sets], position


def place(seg: Segment, groups: list[Group], open_set: Set | None, findings: list[Finding]) -> Set | None:
    """Put a segment where it belongs; returns the set that is open afterwards."""
    if seg.tag == "GS":
        groups.append(Group(seg))
        return None
    if not groups:
        if seg.tag not in ("TA1", "ISB", "ISE"):
            findings.append(Finding("misplaced", seg.tag, {"segment": seg.tag}))
        return None
    group = groups[-1]
    if seg.tag == "GE":
        group.findings += group_findings(seg, group)
        group.findings.append(Finding("closed"))
        return None
    if seg.tag == "ST":
        made = Set([segment_at(seg, 1)])
        group.sets.append(made)
        return made
    if open_set is None:
        group.findings.append(Finding("misplaced", seg.tag, {"segment": seg.tag}))
        return None
    open_set.segments.append(segment_at(seg, len(open_set.segments) + 1))
    if seg.tag == "SE":
        open_set.findings += set_findings(open_set)
        return None
    return open_set


def segment_at(seg: Segment, ordinal: int) -> Segment:
    seg.ordinal = ordinal
    return seg


def same_number(one: str, other: str) -> bool:
    """Numeric control numbers agree whatever zeros stand in front; others must be the same text."""
    one, other = one.strip(), other.strip()
    return int(one) == int(other) if one.isdecimal() and other.isdecimal() else one == other


def set_findings(one: Set) -> list[Finding]:
    """SE: the control number is ST's (997 code 3), the count is of all segments with ST and SE (code 4)."""
    trailer, found = one.segments[-1], []
    if trailer.get(2).strip() != one.control:
        found.append(Finding("control_mismatch", "SE02", {"head": one.control, "trailer": trailer.get(2)}, ("set", "3")))
    if not trailer.get(1).strip().isdecimal() or int(trailer.get(1)) != len(one.segments):
        found.append(Finding("wrong_count", "SE01", {"stated": trailer.get(1), "computed": str(len(one.segments))}, ("set", "4")))
    return found


def group_findings(trailer: Segment, group: Group) -> list[Finding]:
    """GE: the control number is GS's (997 code 4), the count is of sets (code 5)."""
    found = []
    if not same_number(trailer.get(2), group.head.get(6)):
        found.append(Finding("control_mismatch", "GE02", {"head": group.head.get(6), "trailer": trailer.get(2)}, ("group", "4")))
    if not trailer.get(1).strip().isdecimal() or int(trailer.get(1)) != len(group.sets):
        found.append(Finding("wrong_count", "GE01", {"stated": trailer.get(1), "computed": str(len(group.sets))}, ("group", "5")))
    return found


def trailer_findings(trailer: Segment, isa: list[str], groups: int) -> list[Finding]:
    """IEA: the control number is ISA's (TA1 note 001), the count is of groups (note 021)."""
    found = []
    if not same_number(trailer.get(2), isa[12]):
        found.append(Finding("control_mismatch", "IEA02", {"head": isa[12], "trailer": trailer.get(2)}, ("interchange", "001")))
    if not trailer.get(1).strip().isdecimal() or int(trailer.get(1)) != groups:
        found.append(Finding("wrong_count", "IEA01", {"stated": trailer.get(1), "computed": str(groups)}, ("interchange", "021")))
    return found


def close_group(group: Group, open_set: Set | None) -> None:
    """Sets without SE and groups without GE are truncated."""
    for one in group.sets:
        if one.segments[-1].tag != "SE":
            one.findings.append(Finding("truncated", "SE", {"missing": "SE"}, ("set", "2")))
    closed = [f for f in group.findings if f.code == "closed"]
    group.findings = [f for f in group.findings if f.code != "closed"]
    if not closed:
        group.findings.append(Finding("truncated", "GE", {"missing": "GE"}, ("group", "3")))


def group_facts(group: Group) -> dict[str, str]:
    """What a 997 says of the group."""
    head = group.head
    codes = ",".join(f.reply[1] for f in group.findings if f.reply)
    return {"id": head.get(1), "sender": head.get(2).strip(), "recipient": head.get(3).strip(), "control": head.get(6).strip(),
            "version": head.get(8).strip(), "sets": str(len(group.sets)), "codes": codes}


def message(one: Set, group: Group, g: int, envelope: int, test: bool) -> Read:
    """A set as a message; everything but an 850 is not for us (997 code 1)."""
    findings = [*one.findings, *group.findings]
    if one.code != "850":
        nothing = f"{one.code} acknowledges one of ours" if one.code in ("997", "999", "824") else ""
        if not nothing:
            findings.insert(0, Finding("unsupported", "ST01", {"name": one.code}, ("set", "1")))
        return Read(one.control, one.code, None, tuple(findings), envelope, g, nothing, test)
    mapped = Mapping850(one.segments)
    order = mapped.order()
    return Read(one.control, one.code, order, (*findings, *mapped.findings), envelope, g, test=test)


PURPOSES = {
    "00": ORDER, "": ORDER, "06": ORDER, "07": ORDER, "18": ORDER, "24": ORDER, "05": CHANGE, "04": CHANGE, "01": CANCEL, "03": CANCEL,
}  # fmt: skip
SCHEMES = {
    "VN": "seller", "VP": "seller", "VC": "seller", "VA": "seller", "SA": "seller", "SK": "seller", "SW": "seller",
    "BP": "buyer", "IN": "buyer", "PI": "buyer", "CB": "buyer", "BN": "buyer", "IT": "buyer", "PN": "buyer",
    "UP": "gtin", "UA": "gtin", "UI": "gtin", "UK": "gtin", "EN": "gtin", "EO": "gtin", "UD": "gtin", "UE": "gtin", "IB": "gtin",
    "MG": "manufacturer", "MN": "manufacturer", "MF": "manufacturer",
}  # fmt: skip
# Per how many units a price is (data element 639).
BASES = {"HP": 100, "PN": 10, "TP": 1000, "HF": 100, "FH": 100}
BUYER, SHIP_TO, PAYER = ("BY", "OB", "16"), ("ST", "DP"), ("BT", "PR", "IV")


class Mapping850:
    """The segments of one 850 read in order; loops are told by where one is (head, a line, a party of either)."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self.segments = segments
        self.findings: list[Finding] = []
        self.parties: dict[str, Party] = {}
        self.lines: list[OrderedLine] = []
        self.charges: list[Charge] = []
        self.dates: dict[str, date] = {}
        self.notes: list[str] = []
        self.role = ""
        self.summary = False
        self.facts: dict[str, str] = {}
        self.stated = Stated()

    def order(self) -> OrderMessage | None:
        """The order, as far as it can be read; what can't is in `findings`."""
        for seg in self.segments[1:]:
            handle = getattr(self, f"on_{seg.tag.lower()}", None)
            if handle is not None and seg.tag.isalnum():
                handle(seg)
        if "number" not in self.facts:
            self.findings.append(Finding("segment_missing", "BEG", {"segment": "BEG"}, ("segment", "BEG", "2", "3")))
            return None
        if not self.lines and self.facts["kind"] != CANCEL:
            self.findings.append(Finding("no_lines", "PO1", {}, ("segment", "PO1", str(len(self.segments)), "3")))
        number_, release = self.facts["number"], self.facts.get("release", "")
        requested = self.dates.get("002") or self.dates.get("010")
        dates = sorted({line.requested_date for line in self.lines if line.requested_date})
        if len(dates) > 1:
            self.notes.append("Dates of lines: " + ", ".join(f"{x.number} {x.requested_date}" for x in self.lines if x.requested_date))
        return OrderMessage(
            kind=self.facts["kind"], number=f"{number_}-{release}" if release else number_, customer_po=number_,
            ordered_on=self.dates.get("BEG"), currency=self.facts.get("currency", ""),
            buyer=self.party(BUYER), ship_to=self.party(SHIP_TO), payer=self.party(PAYER), lines=tuple(self.lines),
            charges=tuple(self.charges), requested_date=requested or (dates[0] if dates else None),
            cancel_after=self.dates.get("001") or self.dates.get("063"), notes="\n".join(self.notes)[:2000], stated=self.stated,
        )  # fmt: skip

    def party(self, codes: Sequence[str]) -> Party:
        return next((self.parties[code] for code in codes if code in self.parties), Party())

    def wrong(self, seg: Segment, element: int, code: str, reply: str, **facts: str) -> None:
        """A data element that is wrong: 997's AK3 and AK4 name it."""
        where = f"{seg.tag}{element:02}"
        if self.lines:
            facts = {"line": self.lines[-1].number, **facts}
        self.findings.append(Finding(code, where, {"value": seg.get(element), **facts}, ("element", seg.tag, str(seg.ordinal), str(element), reply)))

    def on_beg(self, seg: Segment) -> None:
        kind = PURPOSES.get(seg.get(1).strip())
        if kind is None:
            self.wrong(seg, 1, "purpose", "7")
        if not seg.get(3).strip():
            self.wrong(seg, 3, "number_missing", "1")
            return
        self.facts |= {"kind": kind or ORDER, "number": seg.get(3).strip(), "release": seg.get(4).strip()}
        self.read_day(seg, 5, "BEG")

    def on_cur(self, seg: Segment) -> None:
        self.facts["currency"] = seg.get(2).strip().upper()

    def read_day(self, seg: Segment, element: int, name: str) -> None:
        """Keep a date, or say that it is none."""
        if text := seg.get(element).strip():
            found = day(text)
            if found is None:
                self.wrong(seg, element, "bad_date", "8")
            else:
                self.dates.setdefault(name, found)

    def on_dtm(self, seg: Segment) -> None:
        code, text = seg.get(1).strip(), seg.get(2).strip() or seg.get(6).strip()
        if not self.lines:
            self.read_day(seg, 2 if seg.get(2).strip() else 6, code)
        elif code in ("002", "010", "074", "106", "996") and text:
            found = day(text)
            if found is None:
                self.wrong(seg, 2, "bad_date", "8")
            else:
                self.date_line(found)

    def date_line(self, found: date) -> None:
        """The line wants this day, if it did not say one."""
        if self.lines[-1].requested_date is None:
            self.lines[-1] = replace(self.lines[-1], requested_date=found)

    def on_sch(self, seg: Segment) -> None:
        """A line's schedule: its first day; further days are noted."""
        if not self.lines:
            return
        for element in (6, 9, 12):
            if seg.get(element - 1).strip() in ("002", "010", "106", "074") and (found := day(seg.get(element).strip())):
                self.date_line(found)
                self.notes.append(f"Line {self.lines[-1].number}: {seg.get(1)} on {found}")
                return

    def on_sdq(self, seg: Segment) -> None:
        self.wrong(seg, 1, "destinations", "7")

    def on_n1(self, seg: Segment) -> None:
        """A party; one of a line that ships elsewhere would be another order."""
        self.role = seg.get(1).strip()
        if self.lines:
            head = self.party(SHIP_TO)
            if self.role in SHIP_TO and (head.code, head.name) != (seg.get(4).strip(), seg.get(2).strip()):
                self.wrong(seg, 4, "destinations", "7")
            self.role = ""
        else:
            self.parties.setdefault(self.role, Party(code=seg.get(4).strip(), name=seg.get(2).strip()))

    def on_n3(self, seg: Segment) -> None:
        self.complete(street=", ".join(filter(None, (seg.get(1).strip(), seg.get(2).strip()))))

    def on_n4(self, seg: Segment) -> None:
        self.complete(city=seg.get(1).strip(), region=seg.get(2).strip(), postal_code=seg.get(3).strip(), country=seg.get(4).strip())

    def complete(self, **parts: str) -> None:
        """More of the party one is in."""
        if self.role in self.parties:
            self.parties[self.role] = replace(self.parties[self.role], **parts)  # type: ignore[arg-type]

    def on_msg(self, seg: Segment) -> None:
        self.notes.append(seg.get(1).strip())

    def on_mtx(self, seg: Segment) -> None:
        self.notes.append(seg.get(2).strip())

    def on_nte(self, seg: Segment) -> None:
        self.notes.append(seg.get(2).strip())

    def on_sac(self, seg: Segment) -> None:
        """Allowance or charge; amounts have two implied decimals (N2). A line's goes into its discount."""
        kind, text = seg.get(1).strip(), seg.get(5).strip()
        amount = number(text) if text else None
        if kind not in ("A", "C") or not text:
            return
        if amount is None or amount != amount.to_integral_value():
            self.wrong(seg, 5, "bad_number", "6")
            return
        money = amount.scaleb(-2) * (-1 if kind == "A" else 1)
        if self.lines:
            self.lines[-1] = replace(self.lines[-1], discount=self.lines[-1].discount - money)
        elif money:
            self.charges.append(Charge(seg.get(15).strip() or seg.get(2).strip() or ("Allowance" if kind == "A" else "Charge"), money))

    def on_po1(self, seg: Segment) -> None:
        self.role = ""
        name = seg.get(1).strip() or str(len(self.lines) + 1)
        quantity = number(seg.get(2))
        price = number(seg.get(4)) if seg.get(4).strip() else None
        references = tuple(self.references(seg))
        self.lines.append(
            OrderedLine(name, references, quantity or Decimal(0), seg.get(3).strip(), price, Decimal(BASES.get(seg.get(5).strip(), 1)))
        )
        if quantity is None or quantity <= 0:
            self.wrong(seg, 2, "bad_number", "6" if seg.get(2).strip() else "1")
        if price is None and seg.get(4).strip():
            self.wrong(seg, 4, "bad_number", "6")
        if not references:
            self.wrong(seg, 7, "no_reference", "1")

    def references(self, seg: Segment) -> Iterator[Reference]:
        """Pairs of qualifier and code from the sixth element on."""
        for element in range(6, 25, 2):
            if code := seg.get(element + 1).strip():
                yield Reference(SCHEMES.get(seg.get(element).strip(), ""), code)

    def on_pid(self, seg: Segment) -> None:
        if self.lines and not self.lines[-1].description:
            self.lines[-1] = replace(self.lines[-1], description=seg.get(5).strip()[:200])

    def on_ctt(self, seg: Segment) -> None:
        self.summary = True
        if seg.get(1).strip().isdecimal():
            self.stated = replace(self.stated, lines=int(seg.get(1)))
        self.stated = replace(self.stated, quantity=number(seg.get(2)) if seg.get(2).strip() else None)

    def on_amt(self, seg: Segment) -> None:
        """After CTT: AMT*TT is the total of the transaction, AMT*1 that of its lines; in a line AMT*1 is its own."""
        code, amount = seg.get(1).strip(), number(seg.get(2))
        if code not in ("TT", "1") or amount is None:
            return
        if self.summary and code == "TT":
            self.stated = replace(self.stated, net=amount)
        elif self.summary:
            self.stated = replace(self.stated, lines_net=amount)
        elif self.lines and code == "1":
            self.lines[-1] = replace(self.lines[-1], net=amount)

