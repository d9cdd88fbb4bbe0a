"""Copies of everything that makes a company: the database, the files, the secrets; and back.

The embedded server is copied physically (pg_basebackup): one moment of the whole cluster, its transaction counter with
it, which the chain of seals rests on. An own server's database is dumped by pg_dump; there the counter stays behind, so
`catch_up` brings the target's counter past the one noted in the copy. Files are copied after the database: whatever a
row names was written before the row. The note `backup.json` is written last: without it a folder is no copy.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from oms.runtime import paths, postgres, process

NOTE = "backup.json"
SECRETS = ("secret_key.secret", "partner.key")
BATCH = 100_000
FARTHEST = 3_000_000


class Refused(Exception):
    """The copy or the way back cannot be done; says why. Nothing was changed."""


def tool(name: str, *arguments: str | Path, env: Mapping[str, str] | None = None) -> str:
    """Run one of PostgreSQL's client tools as ourselves; Refused with what it said when it fails."""
    command = [str(postgres.installed() / "bin" / name), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **(env or {})})
    if done.returncode:
        raise Refused(f"{name} failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def target(folder: Path) -> Path:
    """The folder of a new copy: absent or empty so far."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if any(folder.iterdir()):
            raise Refused(f"{folder} is not empty; a copy needs a folder of its own.")
    except OSError as error:
        raise Refused(f"{folder}: {error.strerror}") from None
    if (free := shutil.disk_usage(folder).free) < 200 << 20:
        raise Refused(f"only {free >> 20} MB are free at {folder}")
    return folder


def note(folder: Path) -> dict[str, Any]:
    """What a copy says of itself; Refused when it is none, or unfinished."""
    try:
        found: dict[str, Any] = json.loads((folder / NOTE).read_text())
    except (OSError, ValueError):
        raise Refused(f"{folder} holds no finished copy (its {NOTE} is missing or broken).") from None
    return found


def copy_files(folder: Path, media: Path) -> None:
    """Files and secrets beside the database."""
    if media.exists():
        shutil.copytree(media, folder / "media")
    for name in SECRETS:
        if (paths.var() / name).exists():
            shutil.copy2(paths.var() / name, folder / name)


def finish(folder: Path, **facts: Any) -> None:
    """Write the note, at last."""
    part = folder / f"{NOTE}.part"
    part.write_text(json.dumps({"made_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), **facts}, indent=1))
    os.sync()
    part.rename(folder / NOTE)


def copy_cluster(folder: Path) -> None:
    """The embedded cluster, checked against its own list of hashes."""
    tool(
        "pg_basebackup", "-h", paths.socket_dir(), "-U", "postgres", "-D", folder / "postgres",
        "-X", "stream", "-c", "fast", "--manifest-checksums=SHA256",
    )  # fmt: skip
    check_cluster(folder)


def check_cluster(folder: Path) -> None:
    """Every file of a copied cluster as it was; the log between start and end complete."""
    if (folder / "postgres" / "backup_manifest").exists():
        tool("pg_verifybackup", "-q", folder / "postgres")
    else:
        raise Refused(f"{folder} holds no embedded cluster: it is the copy of an own server, see DATABASE_URL.")


def aside() -> Path:
    """A new folder for what a restore replaces."""
    folder = paths.postgres_home().parent / f"replaced-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    folder.mkdir(mode=0o700)
    if paths.as_nobody():
        os.chown(folder, paths.NOBODY, paths.NOBODY)
    return folder


def exchange(pairs: list[tuple[Path, Path]]) -> None:
    """Move each (from, to) that exists; between file systems by copying."""
    for source, destination in pairs:
        if source.exists():
            shutil.move(source, destination)


def put_cluster(folder: Path) -> Path:
    """Bring the copied cluster to a new folder beside the present one, owned by the server's user."""
    new = paths.postgres_home().with_name("postgres.new")
    shutil.rmtree(new, ignore_errors=True)
    new.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(folder / "postgres", new, symlinks=True)
    (new / "postmaster.pid").unlink(missing_ok=True)
    if paths.as_nobody():
        for place, folders, files in os.walk(new):
            for name in [".", *folders, *files]:
                os.chown(os.path.join(place, name), paths.NOBODY, paths.NOBODY, follow_symlinks=False)
    new.chmod(0o700)
    return new


def put_files(folder: Path, media: Path, old: Path) -> None:
    """Files and secrets back to their places; what is there goes to `old`."""
    exchange([(media, old / "media")])
    if (folder / "media").exists():
        shutil.copytree(folder / "media", media)
    for name in SECRETS:
        if (folder / name).exists():
            exchange([(paths.var() / name, old / name)])
            shutil.copy2(folder / name, paths.var() / name)


def start_for_a_moment() -> subprocess.Popen[bytes] | None:
    """The embedded server, tied to us, unless it runs."""
    return postgres.start(tied=True)


def stop_again(child: subprocess.Popen[bytes] | None) -> None:
    """End what `start_for_a_moment` started."""
    if child is not None:
        process.stop(child, signal.SIGINT, 60)


def connection_of(database: Mapping[str, Any]) -> tuple[list[str], dict[str, str]]:
    """Arguments and environment by which PostgreSQL's tools reach a database of Django's settings."""
    arguments = ["-d", str(database["NAME"])]
    for option, key in (("-h", "HOST"), ("-p", "PORT"), ("-U", "USER")):
        if database.get(key):
            arguments += [option, str(database[key])]
    options = database.get("OPTIONS", {})
    if "host" in options:
        arguments += ["-h", str(options["host"])]
    extra = {f"PG{k.upper()}": str(options[k]) for k in ("sslmode", "sslrootcert", "sslcert", "sslkey") if k in options}
    return arguments, {"PGPASSWORD": str(database.get("PASSWORD") or ""), **extra}


def dump(folder: Path, database: Mapping[str, Any]) -> None:
    """One database of an own server, at one moment."""
    arguments, environment = connection_of(database)
    tool("pg_dump", "-Fc", "-f", folder / "database.dump", *arguments, env=environment)


def undump(folder: Path, database: Mapping[str, Any]) -> None:
    """Fill an empty database from a dump, wholly or not at all."""
    if not (folder / "database.dump").exists():
        raise Refused(f"{folder} is a copy of an embedded server; unset DATABASE_URL to restore it.")
    arguments, environment = connection_of(database)
    tool("pg_restore", "-1", "-e", "--no-owner", "--no-privileges", *arguments, folder / "database.dump", env=environment)


def catch_up(cursor: Any, wanted: int) -> None:
    """Use up transaction numbers until the server's counter is past `wanted`; Refused when that would be too many."""
    cursor.execute("SELECT pg_current_xact_id()::text::bigint")
    behind = wanted - cursor.fetchone()[0]
    if behind > FARTHEST:
        raise Refused(
            f"This server has counted {behind:,} transactions less than the copied one, and the chain of seals rests on "
            "that counter. Stop the server, run pg_resetwal with -x and -e past "
            f"{wanted:,}, start it, and restore again; or restore a physical copy."
        )
    while behind > 0:
        cursor.execute("CREATE TEMPORARY TABLE IF NOT EXISTS used_up (n integer)")
        cursor.execute(
            f"DO $$ BEGIN FOR i IN 1..{min(behind, BATCH)} LOOP "
            "BEGIN INSERT INTO used_up VALUES (i); EXCEPTION WHEN division_by_zero THEN NULL; END; END LOOP; END $$"
        )
        cursor.execute("TRUNCATE used_up")
        behind -= BATCH
