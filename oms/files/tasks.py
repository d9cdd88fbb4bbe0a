"""What the worker does with uploaded files; a worker that dies is followed by one that goes on."""

from __future__ import annotations

from typing import Any

from oms.files import uploads
from oms.jobs.registry import Running, job


@job(uploads.READ)
def read(running: Running) -> dict[str, Any]:
    """Read, stage and check a file."""
    return {"state": uploads.read(running.params["file"], by=running.by, progress=running.progress)}


@job(uploads.APPLY)
def apply(running: Running) -> dict[str, Any]:
    """Bring in what was found good."""
    return vars(uploads.apply(running.params["file"], by=running.by, progress=running.progress))
