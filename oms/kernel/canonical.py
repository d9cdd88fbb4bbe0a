"""Canonical bytes: one way to write a payload, so that its hash can be made again by anybody."""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no canonical form")


def canonical(payload: Any) -> bytes:
    """UTF-8 JSON with sorted keys and no spaces; Decimals as plain strings, dates as ISO."""
    return json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain).encode()


def digest(*parts: bytes) -> bytes:
    """sha256 over the parts, each preceded by its length so that no two sequences collide."""
    h = hashlib.sha256()
    for part in parts:
        h.update(len(part).to_bytes(8, "big"))
        h.update(part)
    return h.digest()
