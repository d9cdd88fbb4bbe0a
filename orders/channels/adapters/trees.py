"""XML and JSON from strangers: no DTD, no entities, no network; bounded depth; numbers as they were written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
from lxml import etree

from orders.channels.adapters.segments import number
from orders.channels.domain import Finding


class Unreadable(Exception):
    """What arrived is not what it should be; `finding` says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.code)
        self.finding = finding


def xml(data: bytes) -> Any:
    """The root element. Raises Unreadable: not XML, a DTD, nested too deep."""
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise Unreadable(Finding("unreadable", "", {"format": "XML", "cause": str(error)[:200]})) from error
    if root is None or root.getroottree().docinfo.doctype or root.getroottree().docinfo.internalDTD is not None:
        raise Unreadable(Finding("unreadable", "", {"format": "XML", "cause": "a document type definition is not allowed"}))
    return root


class Node:
    """An element with paths of local names: namespaces' prefixes and versions differ from sender to sender."""

    def __init__(self, element: Any) -> None:
        self.element = element

    def all(self, path: str) -> Iterator[Node]:
        found = [self.element]
        for step in path.split("/"):
            found = [child for node in found for child in node if isinstance(child.tag, str) and etree.QName(child).localname == step]
        return (Node(node) for node in found)

    def first(self, *paths: str) -> Node | None:
        return next((node for path in paths for node in self.all(path)), None)

    def text(self, *paths: str) -> str:
        """The text at the first of the paths that has any, blanks made single."""
        for path in paths:
            for node in self.all(path):
                if words := " ".join((node.element.text or "").split()):
                    return words
        return ""

    def amount(self, path: str) -> Decimal | None:
        """The number there; None where there is none or it is not a number."""
        text = self.text(path)
        return number(text) if text else None

    def day(self, *paths: str) -> date | None:
        """The date there (xsd:date, with or without a zone)."""
        try:
            return date.fromisoformat(self.text(*paths)[:10])
        except ValueError:
            return None


_json = msgspec.json.Decoder(float_hook=Decimal)


def json(data: bytes) -> Any:
    """The JSON value; fractions as Decimal. Raises Unreadable."""
    try:
        return _json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise Unreadable(Finding("unreadable", "", {"format": "JSON", "cause": str(error)[:200]})) from error


def text(value: Any) -> str:
    """A JSON scalar as text, "" for null and for what is no scalar."""
    return str(value).strip() if isinstance(value, str | int | Decimal) and not isinstance(value, bool) else ""


def money(value: Any) -> Decimal:
    """A JSON amount (text or number), 0 for null. Raises Unreadable for what is no number."""
    if value is None or value == "":
        return Decimal(0)
    found = number(text(value))
    if found is None:
        raise Unreadable(Finding("bad_number", "", {"value": str(value)[:40]}))
    return found


def rows(value: Any) -> list[dict[str, Any]]:
    """A JSON list of objects; anything else in it is left out."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
