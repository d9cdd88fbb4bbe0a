"""A copy is made, the company is changed, and the copy put back: exactly what was. Broken copies change nothing."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from oms.runtime import process
from tests.depth import soak_only
from tests.oms.runtime.conftest import House

pytestmark = pytest.mark.live

NAMES = "from oms.accounts.models import User; print([u.last_name for u in User.objects.filter(username='sofia')])"
RENAME = "from oms.accounts.models import User; User.objects.filter(username='sofia').update(last_name='Changed')"


@pytest.fixture(scope="module")
def copy(bare_house: House, tmp_path_factory: pytest.TempPathFactory) -> Path:
    media = bare_house.folder / "var" / "media"
    media.mkdir(parents=True, exist_ok=True)
    (media / "proof.txt").write_text("signed")
    folder = tmp_path_factory.mktemp("copies") / "first"
    made = bare_house.manage("backup", str(folder))
    assert made.returncode == 0, made.stderr
    return folder


def test_a_copy_needs_a_folder_of_its_own(bare_house: House, copy: Path) -> None:
    note = (copy / "backup.json").read_bytes()
    refused = bare_house.manage("backup", str(copy))
    assert refused.returncode == 1
    assert "is not empty" in refused.stderr
    assert (copy / "backup.json").read_bytes() == note


def test_back_comes_exactly_what_was_and_the_rest_is_kept_aside(bare_house: House, copy: Path) -> None:
    assert bare_house.manage("shell", "-v", "0", "-c", RENAME).returncode == 0
    (bare_house.folder / "var" / "media" / "proof.txt").write_text("forged")
    done = bare_house.manage("restore", str(copy))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "checks hold" in done.stdout
    assert "['Laurent']" in bare_house.manage("shell", "-v", "0", "-c", NAMES).stdout
    assert (bare_house.folder / "var" / "media" / "proof.txt").read_text() == "signed"
    said = re.search(r"What was here before lies in (.+); remove it", done.stdout)
    assert said
    aside = Path(said[1])
    assert (aside / "media" / "proof.txt").read_text() == "forged"
    assert (aside / "postgres" / "PG_VERSION").exists()


@pytest.mark.parametrize("damage", ["unfinished", "a byte", "a file"])
def test_a_broken_copy_is_refused_and_changes_nothing(bare_house: House, copy: Path, tmp_path: Path, damage: str) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(copy, broken)
    if damage == "unfinished":
        (broken / "backup.json").unlink()
    elif damage == "a byte":
        victim = max((broken / "postgres" / "base").rglob("*"), key=lambda f: f.stat().st_size if f.is_file() else 0)
        with victim.open("r+b") as file:
            file.seek(5_000)
            file.write(b"\xff\x00\xff")
    else:
        (broken / "postgres" / "global" / "pg_control").unlink()
    before = sorted((bare_house.folder / "var").iterdir())
    refused = bare_house.manage("restore", str(broken))
    assert refused.returncode == 1
    assert ("no finished copy" if damage == "unfinished" else "pg_verifybackup") in refused.stderr
    assert sorted((bare_house.folder / "var").iterdir()) == before
    assert "['Laurent']" in bare_house.manage("shell", "-v", "0", "-c", NAMES).stdout


def test_the_note_says_when_and_what(copy: Path) -> None:
    facts = json.loads((copy / "backup.json").read_text())
    assert facts["kind"] == "cluster"
    assert facts["counter"] > 100
    assert facts["made_at"].endswith("Z")


@soak_only
def test_the_lock_of_a_server_that_died_unburied_does_not_stop_the_next(bare_house: House) -> None:
    """PostgreSQL takes a zombie for a living owner of its socket; a new parent may bury it late."""
    asked = bare_house.manage("shell", "-v", "0", "-c", "from oms.runtime import paths; print(paths.socket_dir())")
    lock = Path(asked.stdout.strip()) / ".s.PGSQL.5432.lock"
    assert bare_house.manage("services", "stop").returncode == 0
    zombie = process.start(["true"], log=None, nobody=True, tied=False)
    os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
    lock.write_text(f"{zombie.pid}\n/gone\n1\n5432\n{lock.parent}\n")
    try:
        started = bare_house.manage("services", "start")
        assert started.returncode == 0, started.stderr
    finally:
        zombie.wait()


@soak_only
def test_servers_whose_checkout_was_deleted_make_way_for_a_new_one(bare_house: House) -> None:
    """`rm -rf` of a checkout with its services up, and a new one in its place: they start on data of their own."""
    asked = bare_house.manage("shell", "-v", "0", "-c", "from oms.runtime import paths; print(paths.postgres_home())")
    for folder in (Path(asked.stdout.strip()), bare_house.folder / "var" / "valkey"):
        shutil.rmtree(folder)
    assert bare_house.manage("services", "start").returncode == 0
    shown = bare_house.manage("services", "status")
    assert shown.returncode == 0, shown.stdout + shown.stderr
