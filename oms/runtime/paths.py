"""Where a run keeps its state, and how the parts find each other.

State lives under `var/` of the checkout. As root, PostgreSQL runs as nobody: when nobody could not enter the checkout
(a folder above it is closed), PostgreSQL's state and a copy of its binaries go to a folder of this checkout below the
system's temporary folder. `OMS_INSTANCE` names another set of state (tests use "test") beside the first.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
from functools import cache
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent.parent
NOBODY = 65534
# A socket's address has 107 bytes: what is below the temporary folder takes up to 45 of them.
LONGEST_TEMPORARY = 60


def instance() -> str:
    """The name of this set of state: "" for the demo, "test" for tests."""
    return os.environ.get("OMS_INSTANCE", "")


def var() -> Path:
    """The folder of this instance's state; made when missing. SystemExit when it is somebody else's."""
    folder = BASE / "var" / instance() if instance() else BASE / "var"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SystemExit(f"{folder} cannot be made: {error.strerror}. Run this in a checkout of your own.") from None
    if not os.access(folder, os.W_OK):
        raise SystemExit(
            f"{folder} cannot be written by this user. Run as the user who owns it, or in a checkout of your own."
        )
    return folder


@cache
def temporary() -> Path:
    """A temporary folder that suits servers: its path short and plain, open to nobody when we are root."""
    for folder in dict.fromkeys([tempfile.gettempdir(), "/tmp", "/var/tmp"]):
        path = Path(folder).resolve()
        plain = len(str(path)) <= LONGEST_TEMPORARY and re.fullmatch(r"[\w./+-]+", str(path))
        if plain and os.access(path, os.W_OK | os.X_OK) and (os.getuid() or open_to_nobody(path)):
            return path
    raise SystemExit("No temporary folder suits: /tmp or /var/tmp must be writable and open to all users.")


def outside() -> Path:
    """A folder of this checkout and user below the system's temporary folder (sockets are short-pathed there)."""
    mark = hashlib.sha256(f"{BASE}|{instance()}".encode()).hexdigest()[:10]
    folder = temporary() / f"oms-{os.getuid()}-{mark}"
    folder.mkdir(mode=0o711, exist_ok=True)
    if folder.lstat().st_uid != os.getuid() or folder.is_symlink():
        raise SystemExit(f"{folder} belongs to somebody else; remove it or set TMPDIR.")
    return folder


def as_nobody() -> bool:
    """PostgreSQL refuses to run as root, so root runs it as nobody."""
    return os.getuid() == 0


def open_to_nobody(folder: Path) -> bool:
    """Whether every folder down to `folder` may be entered by others."""
    return all(p.stat().st_mode & stat.S_IXOTH for p in [folder, *folder.parents])


def postgres_home() -> Path:
    """Folder of PostgreSQL's data: under var/, or outside when nobody could not get there."""
    if as_nobody() and not open_to_nobody(BASE):
        return outside() / "postgres"
    return var() / "postgres"


def socket_dir() -> Path:
    """Folder of PostgreSQL's and Valkey's sockets; its path fits the 107 bytes of a socket's address."""
    return outside() / "s"


def secret(name: str) -> str:
    """A random secret of this instance, made once, readable by its owner only; several may ask at the same time."""
    path = var() / f"{name}.secret"
    if not path.exists():
        made = var() / f"{name}.{os.getpid()}.new"
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(os.urandom(32).hex())
        try:
            os.link(made, path)  # the first wins, and nobody ever reads a half-written one
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return path.read_text()


def database_url(role: str, name: str = "oms") -> str:
    """URL of the embedded database for one of the roles owner, app, worker, read."""
    return f"postgres://oms_{role}@/{name}?host={socket_dir()}"


def redis_url(db: int = 0) -> str:
    """URL of the embedded Valkey: its socket."""
    return f"unix://{socket_dir()}/valkey.sock?db={db}"
