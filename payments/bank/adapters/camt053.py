"""CAMT.053, any version: booked entries; an entry of several transactions is split where their amounts add up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cached_property, lru_cache
from typing import Any

from django.utils.translation import gettext as _
from lxml import etree

from oms.kernel.errors import Invalid
from payments.bank.domain import NewBankLine, StatementData

OPENING, CLOSING = ("OPBD", "PRCD"), "CLBD"


def read(data: bytes) -> list[StatementData]:
    """Every statement of a file; entities, DTDs and the network are off. Raises Invalid `statement_unreadable`."""
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _unreadable(str(error)) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise _unreadable("a document type definition is not allowed")
    space = etree.QName(root).namespace or ""
    if "camt.053" not in space:
        raise _unreadable(f"namespace {space[:80]!r} is not CAMT.053")
    try:
        return [_statement(_Statement(node, space)) for node in root.iter(f"{{{space}}}Stmt")]
    except (InvalidOperation, ValueError) as error:
        raise _unreadable(str(error)) from error


def _unreadable(cause: str) -> Invalid:
    return Invalid(_("The CAMT.053 file can't be read: %(cause)s.") % {"cause": cause[:200]}, code="statement_unreadable")


class _Node:
    """An element with paths that need no prefixes. All that is below is looked through once: many paths are asked of each entry."""

    def __init__(self, element: Any, space: str) -> None:
        self.element, self.space = element, space

    @cached_property
    def below(self) -> dict[str, list[Any]]:
        """{path: the elements there, in the file's order}."""
        found: dict[str, list[Any]] = {}
        _look(self.element, "", f"{{{self.space}}}", found)
        return found

    def find(self, path: str) -> Sequence[Any]:
        """The elements at a path."""
        return self.below.get(path, ())

    def all(self, path: str) -> Iterator[_Node]:
        return (_Node(found, self.space) for found in self.find(path))

    def text(self, *paths: str) -> str:
        """The text at the first of the paths that has any."""
        for path in paths:
            for found in self.find(path):
                if found.text and (text := " ".join(found.text.split())):
                    return text
        return ""

    def amount(self) -> tuple[Decimal, str]:
        """Signed amount and currency of a balance, entry or transaction."""
        found = self.find("Amt")
        value = Decimal((found[0].text or "x").strip()) if found else Decimal("x")
        if not value.is_finite():
            raise ValueError("an amount is not a number")
        return (-value if self.text("CdtDbtInd") == "DBIT" else value), found[0].get("Ccy", "")

    def own_amount(self, debit: bool) -> tuple[Decimal, str] | None:
        """A transaction's amount, where its version or bank writes it; None when it writes none. Signed as the entry
        where it does not say."""
        for path in ("Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/InstdAmt/Amt"):
            for element in self.find(path):
                value = Decimal((element.text or "x").strip())
                if not value.is_finite():
                    raise ValueError("an amount is not a number")
                said = self.text("CdtDbtInd")
                return (-value if (said == "DBIT" if said else debit) else value), element.get("Ccy", "")
        return None

    def charges(self) -> Iterator[tuple[Decimal, str]]:
        """What the bank kept of the entry (amount, currency): version 2 and those with records."""
        for path in ("Chrgs/Rcrd", "Chrgs"):
            found = [node for node in self.all(path) if node.find("Amt")]
            for node in found:
                value = node.find("Amt")[0]
                amount = Decimal((value.text or "x").strip())
                yield (-amount if node.text("CdtDbtInd") == "CRDT" else amount), value.get("Ccy", "")
            if found:
                return

    def day(self, name: str) -> date | None:
        found = self.text(f"{name}/Dt", f"{name}/DtTm")
        return _day(found[:10]) if found else None


class _Statement(_Node):
    """A whole statement: its entries are found one by one, not kept."""

    def find(self, path: str) -> Any:
        return self.element.iterfind(_spaced(path, self.space))


def _look(element: Any, above: str, space: str, found: dict[str, list[Any]]) -> None:
    for child in element:
        tag = child.tag
        if isinstance(tag, str) and tag.startswith(space):  # neither an instruction nor another's extension
            path = above + tag[len(space) :]
            found.setdefault(path, []).append(child)
            if len(child):
                _look(child, path + "/", space, found)


@lru_cache(1_000)
def _spaced(path: str, space: str) -> str:
    """A path with its namespace at every step."""
    return "/".join(f"{{{space}}}{step}" for step in path.split("/"))


@lru_cache(1_000)
def _day(text: str) -> date:
    return date.fromisoformat(text)


def _statement(node: _Node) -> StatementData:
    currencies: set[str] = set()
    made: list[NewBankLine] = []
    for entry in node.all("Ntry"):
        if entry.text("Sts/Cd", "Sts") == "BOOK":
            currencies.add(entry.amount()[1])
            made += _lines(entry)
    balances = [(b.text("Tp/CdOrPrtry/Cd"), b, b.amount()) for b in node.all("Bal")]
    booked = [money[1] for code, _b, money in balances if code in (*OPENING, CLOSING)]
    currency = node.text("Acct/Ccy") or (next(iter(currencies)) if len(currencies) == 1 else next(iter(booked), ""))
    if currencies - {currency}:
        raise Invalid(
            _("The statement's entries are in %(codes)s.") % {"codes": ", ".join(sorted(currencies | {currency}))},
            code="statement_currencies", clears=_("Ask the bank for a statement in the account's currency."),
        )  # fmt: skip
    own = {code: (b, money[0]) for code, b, money in reversed(balances) if money[1] == currency}
    first, last = next((own[code] for code in OPENING if code in own), None), own.get(CLOSING)
    foreign = {money[1] for code, _b, money in balances if code == CLOSING and last is None or code in OPENING and first is None}
    flaw = _("a balance is in %(theirs)s, the entries are in %(ours)s") % {"theirs": ", ".join(sorted(foreign)), "ours": currency} if foreign else ""
    lines = tuple(made)
    number = node.text("ElctrncSeqNb", "LglSeqNb", "Id")
    page = node.text("StmtPgntn/PgNb")
    day = (last[0].day("Dt") if last else None) or max((x.booking_date for x in lines), default=None)
    if day is None:
        raise ValueError("the statement has no date")
    return StatementData(
        account=node.text("Acct/Id/IBAN", "Acct/Id/Othr/Id"), number=f"{number}/{page}" if page else number,
        statement_date=day, currency=currency, opening=first[1] if first else None,
        closing=last[1] if last else None, lines=lines, flaw=flaw,
    )  # fmt: skip


def _lines(entry: _Node) -> Iterator[NewBankLine]:
    """The lines of a booked entry."""
    amount, currency = entry.amount()
    booking = entry.day("BookgDt") or entry.day("ValDt")
    if booking is None:
        raise ValueError("an entry has no date")
    value = entry.day("ValDt") or booking
    reference = entry.text("AcctSvcrRef", "NtryRef")
    more = entry.text("AddtlNtryInf")
    if entry.text("RvslInd").lower() in ("true", "1"):
        more = " ".join(filter(None, (more, _("Reversal"))))
    parts = list(entry.all("NtryDtls/TxDtls"))
    amounts = [own for part in parts if (own := part.own_amount(amount < 0)) is not None]
    split = len(parts) > 1 and len(amounts) == len(parts) and {c for _, c in amounts} == {currency}
    charges = sum((charge for charge, code in entry.charges() if code == currency), Decimal(0))
    whole = sum((a for a, _ in amounts), Decimal(0))
    if split and whole in (amount, amount + charges):
        for part, (own, _code) in zip(parts, amounts, strict=True):
            if own:
                yield _line(part, own, booking, value, reference, more)
        if whole != amount:
            yield NewBankLine(booking, value, amount - whole, text=_("Charges"), bank_reference=reference[:140])
    elif amount:
        rest = [word for part in parts[1:] for word in (*_said(part), part.text("Refs/EndToEndId"))]
        yield _line(parts[0] if parts else entry, amount, booking, value, reference, " ".join([*rest, more]))


def _said(part: _Node) -> list[str]:
    """The remittance: free words, then the numbers of the documents it names, and the creditor's reference."""
    named = ("RmtInf/Ustrd", "RmtInf/Strd/RfrdDocInf/Nb", "RmtInf/Strd/CdtrRefInf/Ref", "RmtInf/Strd/AddtlRmtInf")
    return [element.text or "" for path in named for element in part.find(path)]


def _line(part: _Node, amount: Decimal, booking: date, value: date, reference: str, more: str) -> NewBankLine:
    who = "Dbtr" if amount > 0 else "Cdtr"
    end_to_end = part.text("Refs/EndToEndId")
    structured = part.text("RmtInf/Strd/CdtrRefInf/Ref")
    said = [*_said(part), more]
    own = structured or ("" if end_to_end == "NOTPROVIDED" else end_to_end)
    return NewBankLine(
        booking_date=booking, value_date=value, amount=amount, text=" ".join(" ".join(said).split()),
        counterparty=part.text(f"RltdPties/{who}/Nm", f"RltdPties/{who}/Pty/Nm")[:200],
        counterparty_account=part.text(f"RltdPties/{who}Acct/Id/IBAN", f"RltdPties/{who}Acct/Id/Othr/Id")[:40],
        reference=own[:140], bank_reference=part.text("Refs/AcctSvcrRef")[:140] or reference[:140],
    )  # fmt: skip
