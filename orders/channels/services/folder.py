"""A folder a partner: files dropped into `<code>/in` are received and moved to `done`; our replies are written to `out`.

A file is moved after it is kept: killed in between, its bytes are known at the next look and nothing comes twice. A file
that is still being written is left alone: hidden, with a name of something unfinished, or changed a moment ago.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oms.kernel.errors import Invalid
from orders.channels.models import Reply, TradingPartner
from orders.channels.services.answering import take_reply
from orders.channels.services.receiving import MOST_BYTES, receive

UNFINISHED = (".tmp", ".part", ".partial", ".filepart", ".crdownload", "~")
SETTLED_SECONDS = 2.0


@dataclass(frozen=True)
class Taken:
    """What became of one file: "received", "again" (known), or "refused" with the reason; `written` replies."""

    name: str
    outcome: str
    messages: tuple[str, ...] = ()


def look(root: Path, *, by: Any, settled: float = SETTLED_SECONDS) -> list[Taken]:
    """One look at the folders of all active partners that have one below `root`; replies are written out too."""
    taken: list[Taken] = []
    for partner in TradingPartner.objects.filter(active=True).order_by("code"):
        folder = root / partner.code
        if folder.is_dir():
            taken += [take(partner, folder, path, by) for path in waiting(folder / "in", settled)]
            write_replies(partner, folder / "out", by)
    return taken


def waiting(folder: Path, settled: float) -> Iterator[Path]:
    """Finished files, the oldest first."""
    found = []
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_file() and not path.is_symlink() and not path.name.startswith(".") and not path.name.endswith(UNFINISHED):
            changed = path.stat().st_mtime
            if time.time() - changed >= settled:
                found.append((changed, path))
    return (path for _changed, path in sorted(found))


def take(partner: TradingPartner, folder: Path, path: Path, by: Any) -> Taken:
    """Receive one file and put it aside: `done`, or `refused` beside a file with the reason."""
    if path.stat().st_size > MOST_BYTES:
        return refuse(folder, path, f"more than {MOST_BYTES} bytes")
    try:
        made = receive(partner, path.read_bytes(), "folder", by=by, name=path.name)
    except Invalid as error:
        return refuse(folder, path, str(error))
    aside(path, folder / "done")
    return Taken(path.name, "again" if made.again else "received", made.messages)


def refuse(folder: Path, path: Path, reason: str) -> Taken:
    """Put the file aside with the reason beside it."""
    target = aside(path, folder / "refused")
    target.with_name(target.name + ".reason.txt").write_text(reason + "\n")
    return Taken(path.name, f"refused: {reason}")


def aside(path: Path, folder: Path) -> Path:
    """Move it; a name that is taken gets a number."""
    folder.mkdir(exist_ok=True)
    target, n = folder / path.name, 1
    while target.exists():
        target, n = folder / f"{n}-{path.name}", n + 1
    path.rename(target)
    return target


def write_replies(partner: TradingPartner, folder: Path, by: Any) -> None:
    """Every reply not fetched yet, whole or not at all: written beside, made durable, then given its name."""
    for reply in Reply.objects.filter(partner=partner, taken_at__isnull=True).order_by("pk"):
        folder.mkdir(exist_ok=True)
        target = folder / f"{reply.number}-{reply.kind}.{'xml' if 'xml' in reply.content_type else 'edi'}"
        part = target.with_name("." + target.name)
        with part.open("wb") as file:
            file.write(bytes(reply.body))
            file.flush()
            os.fsync(file.fileno())
        part.rename(target)
        take_reply(partner.pk, reply.number, by=by)
