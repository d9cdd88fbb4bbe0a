"""One source, twice: functions marked `@kernel` run as they are, or compiled, with the same result.

The marked functions use integers, flat sequences and named tuples only, so that plain lists do as well as arrays. The
web process calls them as they are and never loads the compiler; a worker asks `compiled()` for their twins.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FunctionType, SimpleNamespace
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

# Modules with marked functions.
MODULES = ("state", "calendars", "rows", "options", "split", "partition", "together", "place", "book", "improve", "run")

_marked: dict[FunctionType, bool] = {}


def kernel(function: F) -> F:
    """Mark a function for `compiled()`; itself it stays plain Python."""
    assert isinstance(function, FunctionType)
    _marked[function] = False
    return function


def entry(function: F) -> F:
    """Like `kernel`, for a function that is also called from outside compiled code."""
    assert isinstance(function, FunctionType)
    _marked[function] = True
    return function


@cache
def compiled() -> SimpleNamespace:
    """The compiled twins of all marked functions, by name. Loads numba; the machine code is cached on disk."""
    import numba

    for module in MODULES:
        importlib.import_module(f"orders.planning.domain.{module}")
    numba.config.CACHE_DIR = os.environ.get("NUMBA_CACHE_DIR") or str(cache_folder())  # type: ignore[attr-defined]
    # The kernel makes no arrays, its caller owns them all: without reference counts it is twice as fast, and two workers
    # do not wait for each other's counters.
    options: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True, "_nrt": False}
    twins: dict[FunctionType, Any] = {}
    spaces = []
    compile_later: Any = numba.njit
    for plain, called in _marked.items():
        spaces.append(dict(plain.__globals__))
        twin = FunctionType(plain.__code__, spaces[-1], plain.__name__, plain.__defaults__)
        twin.__qualname__, twin.__module__ = plain.__qualname__, plain.__module__
        twins[plain] = compile_later(**options, no_cpython_wrapper=not called)(twin)
    for space in spaces:
        for name, value in space.items():
            if isinstance(value, FunctionType) and value in twins:
                space[name] = twins[value]
    return SimpleNamespace(**{plain.__name__: twins[plain] for plain, called in _marked.items() if called})


def cache_folder() -> Path:
    """Where machine code is kept: beside the source when it may be written, named by a digest of all its sources.

    numba looks at a function's own file only; a changed callee in another file would go unnoticed.
    """
    here = Path(__file__).parent
    sources = b"".join((here / f"{module}.py").read_bytes() for module in (*MODULES, "tables", "jit"))
    digest = hashlib.sha256(sources).hexdigest()[:16]
    beside = here / "__pycache__" / f"kernel-{digest}"
    try:
        beside.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=beside):
            return beside
    except OSError:
        return Path(tempfile.gettempdir()) / f"oms-kernel-{os.getuid()}-{digest}"
