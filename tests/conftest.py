"""One server for all tests, one template database per set of migrations, one clone per session: real roles, real commits.

Tests run as the app role on a clone of a template migrated by the owner. `db` tests roll back; `live` tests get a
clone of their own and may commit, start threads, a worker or a browser.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import re
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection, connections
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from oms.runtime import paths, postgres, valkey
from tests.depth import SOAKING
from tests.world import PREPARED, WITH_WORLD

# How fast examples are made says how busy the machine is, nothing of the product.
hypothesis_settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("house")

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
    lanes = importlib.import_module("orders.planning.selectors.network")
    lanes._cached = lanes._past = None  # another database may have the same stamp with other lanes


def ensure_template() -> str:
    """The migrated template database; built once per fingerprint, under an advisory lock. Databases of runs that ended are dropped."""
    postgres.start(tied=False, fast=True)
    name = f"template_{fingerprint()}"
    with admin() as server:
        server.execute("SELECT pg_advisory_lock(42)")
        if server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            drop("template_building")
            server.execute("CREATE DATABASE template_building OWNER oms_owner")
            use("template_building")
            call_command("migrate", verbosity=0)
            connection.close()
            server.execute(f'ALTER DATABASE template_building RENAME TO "{name}"')
        for (old,) in server.execute("SELECT datname FROM pg_database WHERE datname LIKE 'clone_%'").fetchall():
            owner = re.match(r"clone_(\d+)_", old)
            if owner and not Path(f"/proc/{owner[1]}").exists():
                drop(old)
    return name


@pytest.fixture(scope="session")
def template_name(django_db_blocker: Any) -> str:
    """The migrated template database."""
    with django_db_blocker.unblock():
        return ensure_template()


def clone_name() -> str:
    """A name that says whose it is, so that leftovers of killed runs can be dropped."""
    return f"clone_{os.getpid()}_{uuid.uuid4().hex[:8]}"


def world_clone_name() -> str:
    """A name that says also that the small company is in it: `World.make` finds it there instead of making it."""
    return clone_name() + WITH_WORLD


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


# Who asks for one of these starts from the small company of tests/world.py, which is made once and copied.
WORLDLY = {"world", "money", "live_world", "live_money"}


@pytest.fixture(scope="session")
def world_template(template_name: str, django_db_setup: None, django_db_blocker: Any) -> str:
    """The small company, made once a day for this state of the sources; those of other states are dropped."""
    from oms.events.tasks import drain_all
    from tests.world import World

    def make() -> None:
        """Its news is told, so that a test hears only of what it does itself."""
        World.make()
        drain_all()

    return kept_database(f"{PREPARED}{sources_digest('tests/world.py')}_{date.today():%Y%m%d}", PREPARED, 44, template_name, django_db_blocker, make)


@pytest.fixture(scope="session")
def world_database(world_template: str, django_db_blocker: Any) -> Iterator[str]:
    """The session's clone of it, for tests that roll back."""
    name = world_clone_name()
    clone(world_template, name)
    yield name
    with django_db_blocker.unblock():
        connections.close_all()
    drop(name)


@pytest.fixture(scope="session")
def plain_database(django_db_setup: None) -> str:
    """The session's clone without anything in it."""
    return str(connection.settings_dict["NAME"])


@pytest.fixture
def on_world(plain_database: str, world_database: str, django_db_blocker: Any) -> None:
    """Points Django at the small company, before the test's transaction begins."""
    with django_db_blocker.unblock():
        stay_at(world_database)


@pytest.fixture
def on_plain(plain_database: str, django_db_blocker: Any) -> None:
    """Points Django at the empty database, before the test's transaction begins."""
    with django_db_blocker.unblock():
        stay_at(plain_database)


def stay_at(name: str) -> None:
    """Point Django's connection at a database, if it does not already; what another test's people had counted is forgotten, for
    in the small company they are the same people."""
    cache.clear()
    if connection.settings_dict["NAME"] != name:
        use(name)


@pytest.fixture
def live_db(request: pytest.FixtureRequest, plain_database: str, django_db_blocker: Any) -> Iterator[str]:
    """A clone of its own for one test, with real commits; Django's connection points at it. Yields its name."""
    worldly = not WORLDLY.isdisjoint(request.fixturenames)
    template = request.getfixturevalue("world_template" if worldly else "template_name")
    yield from fresh_clone(template, django_db_blocker, world_clone_name() if worldly else clone_name())


def sources_digest(*more: str) -> str:
    """Of the product's sources and the files named: what a database made by its use cases depends on."""
    digest = hashlib.sha256(fingerprint().encode() + str(SOAKING).encode())
    sources = [path for app in ("oms", "customers", "inventory", "payments", "orders", "reporting") for path in ROOT.glob(f"{app}/**/*.py")]
    for path in sorted([*sources, *(ROOT / name for name in more)]):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def kept_database(name: str, prefix: str, lock: int, template: str, blocker: Any, fill: Callable[[], None]) -> str:
    """A database made once: a clone of `template` that `fill` filled; others of its prefix are dropped. Returns `name`."""
    with admin() as server:
        server.execute("SELECT pg_advisory_lock(%s)", [lock])
        like = prefix.replace("_", "!_") + "%"
        for (old,) in server.execute("SELECT datname FROM pg_database WHERE datname LIKE %s ESCAPE '!' AND datname <> %s", [like, name]).fetchall():
            drop(old)
        if server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            building = f"{prefix}building"
            clone(template, building)
            with pointed_at(building, blocker):
                fill()
            server.execute(f'ALTER DATABASE "{building}" RENAME TO "{name}"')
    return name


@pytest.fixture(scope="session")
def northwind_template(
    template_name: str, django_db_setup: None, django_db_blocker: Any, shared_data: Path, tmp_path_factory: Any
) -> str:
    """Northwind brought in by the commands, once for this state of the sources; other states' databases are dropped."""
    from tests.northwind import Northwind

    def bring_in() -> None:
        Northwind(shared_data / "northwind", tmp_path_factory.mktemp("northwind")).bring_in()

    return kept_database(f"northwind_{sources_digest('tests/northwind.py')}", "northwind_", 43, template_name, django_db_blocker, bring_in)


@pytest.fixture
def northwind_db(northwind_template: str, django_db_blocker: Any) -> Iterator[str]:
    """A clone of Northwind for one test (see tests/northwind.py), with real commits; Django's connection points at it."""
    yield from fresh_clone(northwind_template, django_db_blocker, clone_name())


def fresh_clone(template: str, blocker: Any, name: str) -> Iterator[str]:
    """Clone `template` as `name`, point Django at it, and put everything back."""
    before = connection.settings_dict["NAME"]
    clone(template, name)
    with blocker.unblock():
        use(name)
        yield name
        connections.close_all()
        use(before)
    drop(name)


@contextmanager
def running(template: str, blocker: Any) -> Iterator[Any]:
    """Web, worker and relay on a clone of `template`, as a `tests.stack.Stack`; ended and dropped afterwards."""
    from tests.stack import Stack

    name = clone_name()
    clone(template, name)
    stack = Stack(name)
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()
        with blocker.unblock():
            connections.close_all()
        drop(name)


@contextmanager
def pointed_at(name: str, blocker: Any) -> Iterator[None]:
    """Django's connection at database `name`, committed for real; put back afterwards."""
    before = connection.settings_dict["NAME"]
    with blocker.unblock():
        use(name)
        try:
            yield
        finally:
            connections.close_all()
            use(before)


@pytest.fixture(scope="session")
def session_stack(template_name: str, django_db_setup: None, django_db_blocker: Any) -> Iterator[Any]:
    """The processes behind `live_stack`, started when first asked for."""
    with running(template_name, django_db_blocker) as stack:
        yield stack


@pytest.fixture
def live_stack(session_stack: Any, django_db_blocker: Any) -> Iterator[Any]:
    """The running application (one a session; see tests/stack.py), with Django's connection at its database.

    Its data stays from test to test: make your own products with `live_stack.product(units)`.
    """
    with pointed_at(session_stack.name, django_db_blocker):
        yield session_stack


@pytest.fixture
def own_stack(template_name: str, django_db_setup: None, django_db_blocker: Any) -> Iterator[Any]:
    """A running application for this test alone: to kill its processes, or to count everything in its database."""
    with running(template_name, django_db_blocker) as stack, pointed_at(stack.name, django_db_blocker):
        yield stack


@pytest.fixture(scope="session", autouse=True)
def patience() -> None:
    """News waits for whoever writes on the same server; another test process writes for as long as its test lasts."""
    importlib.import_module("oms.events.tasks").WAIT_SECONDS = 120.0


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
    named = [Path(os.environ["OMS_SHARED"])] if "OMS_SHARED" in os.environ else [ROOT.parent / "shared", ROOT.parent.parent / "shared"]
    for folder in named:
        if (folder / "data").is_dir():
            return folder / "data"
    pytest.skip(f"no real data at {named[0]}: set OMS_SHARED")


def tier_of(item: pytest.Item) -> str:
    """A test's tier, by where it lies and what it asks for."""
    if "architecture" in item.path.parts:
        return "architecture"
    names = set(getattr(item, "fixturenames", ()))
    if names & {"live_db", "northwind_db", "live_stack", "own_stack", "broker"} or item.get_closest_marker("live"):
        return "live"
    if "django_db_setup" in names or item.get_closest_marker("django_db") or names & {"db", "transactional_db"}:
        return "db"
    return "unit"


# The files that take longest, longest first: begun first, so that none of them is left alone at the end.
LONGEST = (
    "tests/browser/test_accessibility.py", "tests/oms/runtime/test_supervisor.py", "tests/journeys/test_northwind.py",
    "tests/oms/runtime/test_z_backup.py", "tests/architecture/test_access.py", "tests/architecture/test_locks.py",
    "tests/orders/test_races.py", "tests/browser/test_entry.py", "tests/browser/test_keyboard.py",
    "tests/oms/events/test_worker.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test with its tier, and say which database it rolls back; the longest files come first, then those that are live."""
    for item in items:
        item.add_marker(tier_of(item))
        if tier_of(item) == "db":
            item.fixturenames.insert(0, "on_plain" if WORLDLY.isdisjoint(item.fixturenames) else "on_world")  # type: ignore[attr-defined]
    names = [str(ROOT / name) for name in LONGEST]
    live = {item.path for item in items if item.get_closest_marker("live")}
    items.sort(key=lambda item: names.index(str(item.path)) if str(item.path) in names else len(names) + (item.path not in live))


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
