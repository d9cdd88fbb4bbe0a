"""One server for all tests, one template database per set of migrations, one clone per session: real roles, real commits.

Tests run as the app role on a clone of a template migrated by the owner. `db` tests roll back; `live` tests get a
clone of their own and may commit, start threads, a worker or a browser.
"""

from __future__ import annotations

import hashlib
import os
import re
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection, connections

from oms.runtime import paths, postgres, valkey

ROOT = Path(__file__).resolve().parent.parent
TIERS = ("unit", "db", "live", "architecture")


def admin(name: str = "postgres", role: str = "postgres") -> psycopg.Connection[Any]:
    """An autocommit connection to the test server as superuser (or another role)."""
    return psycopg.connect(host=str(paths.socket_dir()), dbname=name, user=role, autocommit=True)


def fingerprint() -> str:
    """Of everything a migrated database depends on."""
    digest = hashlib.sha256()
    for path in sorted([*ROOT.glob("*/migrations/*.py"), *ROOT.glob("*/*/lifecycle.py"), ROOT / "oms/kernel/guards.py"]):
        digest.update(path.name.encode() + path.read_bytes())
    digest.update((ROOT / "oms/runtime/roles.py").read_bytes())
    return digest.hexdigest()[:12]


def clone(template: str, name: str) -> None:
    """Make database `name` as a copy of `template`, in a tenth of a second."""
    with admin() as server:
        server.execute(f'CREATE DATABASE "{name}" OWNER oms_owner TEMPLATE "{template}" STRATEGY wal_log')


def drop(name: str) -> None:
    """Remove a database, whoever is still connected."""
    with admin() as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def use(name: str) -> None:
    """Point Django's connection at database `name`."""
    connection.close()
    connection.settings_dict["NAME"] = name


@pytest.fixture(scope="session")
def template_name(django_db_blocker: Any) -> str:
    """The migrated template database; built once per fingerprint, under an advisory lock."""
    postgres.start(tied=False, fast=True)
    name = f"template_{fingerprint()}"
    with admin() as server:
        server.execute("SELECT pg_advisory_lock(42)")
        if server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            drop("template_building")
            server.execute("CREATE DATABASE template_building OWNER oms_owner")
            with django_db_blocker.unblock():
                use("template_building")
                call_command("migrate", verbosity=0)
                connection.close()
            server.execute(f'ALTER DATABASE template_building RENAME TO "{name}"')
        for (old,) in server.execute("SELECT datname FROM pg_database WHERE datname LIKE 'clone_%'").fetchall():
            owner = re.match(r"clone_(\d+)_", old)
            if owner and not Path(f"/proc/{owner[1]}").exists():
                drop(old)
    return name


def clone_name() -> str:
    """A name that says whose it is, so that leftovers of killed runs can be dropped."""
    return f"clone_{os.getpid()}_{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="session")
def django_db_setup(template_name: str, django_db_blocker: Any) -> Iterator[None]:
    """Replaces pytest-django's own: the session's clone."""
    name = clone_name()
    clone(template_name, name)
    with django_db_blocker.unblock():
        use(name)
    yield
    with django_db_blocker.unblock():
        connections.close_all()
    drop(name)


@pytest.fixture
def live_db(template_name: str, django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """A clone of its own for one test, with real commits; Django's connection points at it. Yields its name."""
    yield from fresh_clone(template_name, django_db_blocker)


def fresh_clone(template: str, blocker: Any) -> Iterator[str]:
    """Clone `template`, point Django at it, and put everything back."""
    name, before = clone_name(), connection.settings_dict["NAME"]
    clone(template, name)
    with blocker.unblock():
        use(name)
        yield name
        connections.close_all()
        use(before)
    drop(name)


@pytest.fixture(scope="session")
def broker() -> str:
    """The embedded Valkey's URL, started when first asked for."""
    valkey.start(tied=False)
    return paths.redis_url()


@pytest.fixture
def superuser() -> Callable[[], psycopg.Connection[Any]]:
    """Opens a superuser's connection to the database under test (for tampering and replica mode)."""
    return lambda: admin(connection.settings_dict["NAME"])


@pytest.fixture
def owner() -> Callable[[], psycopg.Connection[Any]]:
    """Opens the owner role's connection to the database under test."""
    return lambda: admin(connection.settings_dict["NAME"], "oms_owner")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data: OMS_SHARED, else ../shared beside the checkout."""
    folder = Path(os.environ.get("OMS_SHARED", ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}: set OMS_SHARED")
    return folder


def tier_of(item: pytest.Item) -> str:
    """A test's tier, by where it lies and what it asks for."""
    if "architecture" in item.path.parts:
        return "architecture"
    names = set(getattr(item, "fixturenames", ()))
    if names & {"live_db", "live_stack", "broker"} or item.get_closest_marker("live"):
        return "live"
    if "django_db_setup" in names or item.get_closest_marker("django_db") or names & {"db", "transactional_db"}:
        return "db"
    return "unit"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test with its tier."""
    for item in items:
        item.add_marker(tier_of(item))


_times: dict[str, list[float]] = defaultdict(list)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add a test's time to its tier."""
    tier = next((t for t in TIERS if t in report.keywords), "unit")
    if report.when == "call":
        _times[tier].append(report.duration)
    elif tier in _times:
        _times[tier][-1] += report.duration


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """How long each tier took."""
    for tier in TIERS:
        if tier in _times:
            terminalreporter.write_line(f"{tier}: {len(_times[tier])} tests, {sum(_times[tier]):.1f} s")
