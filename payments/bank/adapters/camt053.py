"""CAMT.053, any version: booked entries; an entry of several transactions is split where their amounts add up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from lxml import etree

from oms.kernel.errors import Invalid
from payments.bank.domain import NewBankLine, StatementData


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
        return [_statement(_Node(node, space)) for node in root.iter(f"{{{space}}}Stmt")]
    except (InvalidOperation, ValueError) as error:
        raise _unreadable(str(error)) from error


def _unreadable(cause: str) -> Invalid:
    return Invalid("The CAMT.053 file can't be read.", code="statement_unreadable", cause=cause[:200])


class _Node:
    """An element with paths that need no prefixes."""

    def __init__(self, element: Any, space: str) -> None:
        self.element, self.space = element, space

    def all(self, path: str) -> Iterator[_Node]:
        steps = "/".join(f"{{{self.space}}}{step}" for step in path.split("/"))
        return (_Node(found, self.space) for found in self.element.iterfind(steps))

    def text(self, *paths: str) -> str:
        """The text at the first of the paths that has any."""
        for path in paths:
            for node in self.all(path):
                if node.element.text and node.element.text.strip():
                    return " ".join(node.element.text.split())
        return ""

    def amount(self) -> tuple[Decimal, str]:
        """Signed amount and currency of a balance, entry or transaction."""
        node = next(self.all("Amt"))
        value = Decimal(node.element.text.strip())
        if not value.is_finite():
            raise ValueError("an amount is not a number")
        return (-value if self.text("CdtDbtInd") == "DBIT" else value), node.element.get("Ccy", "")

    def day(self, name: str) -> date | None:
        found = self.text(f"{name}/Dt", f"{name}/DtTm")
        return date.fromisoformat(found[:10]) if found else None


def _statement(node: _Node) -> StatementData:
    balances = {b.text("Tp/CdOrPrtry/Cd"): b for b in node.all("Bal")}
    first, last = balances.get("OPBD") or balances.get("PRCD"), balances.get("CLBD")
    opening, currency = first.amount() if first else (None, node.text("Acct/Ccy"))
    closing, closing_currency = last.amount() if last else (None, currency)
    if closing_currency != currency:
        raise Invalid(
            f"The statement opens in {currency} and closes in {closing_currency}.", code="statement_currencies",
            clears="Ask the bank for a statement in the account's currency.",
        )  # fmt: skip
    lines = tuple(line for entry in node.all("Ntry") for line in _lines(entry))
    number = node.text("ElctrncSeqNb", "LglSeqNb", "Id")
    page = node.text("StmtPgntn/PgNb")
    day = (last.day("Dt") if last else None) or max((x.booking_date for x in lines), default=None)
    if day is None:
        raise ValueError("the statement has no date")
    return StatementData(
        account=node.text("Acct/Id/IBAN", "Acct/Id/Othr/Id"), number=f"{number}/{page}" if page else number,
        statement_date=day, currency=currency, opening=opening, closing=closing, lines=lines,
    )  # fmt: skip


def _lines(entry: _Node) -> Iterator[NewBankLine]:
    if entry.text("Sts/Cd", "Sts") != "BOOK":
        return
    amount, currency = entry.amount()
    booking = entry.day("BookgDt") or entry.day("ValDt")
    if booking is None:
        raise ValueError("an entry has no date")
    value = entry.day("ValDt") or booking
    reference = entry.text("AcctSvcrRef", "NtryRef")
    more = entry.text("AddtlNtryInf")
    parts = list(entry.all("NtryDtls/TxDtls"))
    amounts = [part.amount() for part in parts if next(part.all("Amt"), None) is not None]
    split = len(parts) > 1 and len(amounts) == len(parts) and {c for _, c in amounts} == {currency}
    if split and sum(a for a, _ in amounts) == amount:
        for part, (own, _) in zip(parts, amounts, strict=True):
            yield _line(part, own, booking, value, reference, more)
    else:
        yield _line(parts[0] if parts else entry, amount, booking, value, reference, more)


def _line(part: _Node, amount: Decimal, booking: date, value: date, reference: str, more: str) -> NewBankLine:
    who = "Dbtr" if amount > 0 else "Cdtr"
    end_to_end = part.text("Refs/EndToEndId")
    structured = part.text("RmtInf/Strd/CdtrRefInf/Ref")
    said = [n.element.text or "" for n in part.all("RmtInf/Ustrd")] + [structured, more]
    own = structured or ("" if end_to_end == "NOTPROVIDED" else end_to_end)
    return NewBankLine(
        booking_date=booking, value_date=value, amount=amount, text=" ".join(" ".join(said).split()),
        counterparty=part.text(f"RltdPties/{who}/Nm", f"RltdPties/{who}/Pty/Nm")[:200],
        counterparty_account=part.text(f"RltdPties/{who}Acct/Id/IBAN", f"RltdPties/{who}Acct/Id/Othr/Id")[:40],
        reference=own[:140], bank_reference=part.text("Refs/AcctSvcrRef")[:140] or reference[:140],
    )  # fmt: skip
