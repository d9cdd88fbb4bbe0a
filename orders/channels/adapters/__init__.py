"""Formats of the outer world, read into and written from what the domain knows. Pure: bytes in, findings out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from orders.channels.adapters import csv_orders, edifact, shopify, ubl, woocommerce, x12
from orders.channels.domain import Finding, Parsed, Setting

READERS: Mapping[str, Callable[[bytes, Setting], Parsed]] = MappingProxyType(
    {"shopify": shopify.read, "woocommerce": woocommerce.read, "ubl": ubl.read, "x12": x12.read, "edifact": edifact.read, "csv": csv_orders.read}
)


def read(form: str, data: bytes, setting: Setting) -> Parsed:
    """What arrived in a partner's format. Whatever the bytes are, the answer is messages or findings, never an error."""
    if not data.strip():
        return Parsed(findings=(Finding("empty", "", {}),))
    found = READERS[form](data, setting)
    if not found.messages and not found.findings:
        broken = tuple(f for envelope in found.envelopes for f in envelope.findings)
        return Parsed((), found.envelopes, broken or (Finding("no_messages", "", {}),))
    return found
