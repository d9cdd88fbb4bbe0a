"""What is installed from nothing, and what is said where that cannot be."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from oms.runtime import bootstrap

ROOT = Path(__file__).resolve().parent.parent.parent.parent


def names(lock: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9][a-z0-9.-]*)[\[=]", lock, re.MULTILINE))


def test_the_demo_gets_every_dependency_and_nothing_of_the_tests() -> None:
    kept = names(bootstrap.runtime_only((ROOT / "requirements.lock").read_text()))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = {re.split(r"[\[<>=~]", line)[0] for line in project["project"]["dependencies"]}
    assert asked - kept == set()
    assert kept & {"pytest", "mypy", "playwright", "ruff", "scipy", "highspy", "hypothesis"} == set()


def test_what_is_needed_by_both_stays_and_a_name_locked_twice_stays_twice() -> None:
    lock = (
        "a==1 \\\n    --hash=sha256:0\n    # via oms (pyproject.toml)\n"
        "b==1 ; python_version < '3.12' \\\n    --hash=sha256:1\n    # via\n    #   a\n    #   t\n"
        "b==2 ; python_version >= '3.12' \\\n    --hash=sha256:2\n    # via\n    #   a\n    #   t\n"
        "c==1 \\\n    --hash=sha256:3\n    # via t\n"
        "t==1 \\\n    --hash=sha256:4\n    # via oms (pyproject.toml:dev)\n"
    )
    assert re.findall(r"^\w==\d", bootstrap.runtime_only(lock), re.MULTILINE) == ["a==1", "b==1", "b==2"]


def bare(folder: Path, *missing: str) -> subprocess.CompletedProcess[str]:
    """Run the bootstrap in a checkout of its own, by a Python that lacks modules and a PATH without uv."""
    (folder / "oms" / "runtime").mkdir(parents=True)
    shutil.copy2(ROOT / "oms" / "runtime" / "bootstrap.py", folder / "oms" / "runtime")
    shutil.copy2(ROOT / "requirements.lock", folder)
    for name in missing:
        (folder / "without" / name).mkdir(parents=True)
        (folder / "without" / name / "__init__.py").write_text(f"raise ModuleNotFoundError('No module named {name!r}')")
        (folder / "without" / name / "__main__.py").write_text("")
    environment = {k: v for k, v in os.environ.items() if k != "PATH"} | {
        "PYTHONPATH": str(folder / "without"), "PATH": "/usr/bin:/bin",
    }  # fmt: skip
    python = os.path.realpath(sys.executable)
    return subprocess.run([python, str(folder / "oms/runtime/bootstrap.py")], env=environment, capture_output=True,
                          text=True, timeout=120)  # fmt: skip


@pytest.mark.parametrize("missing", [("venv",), ("pip", "ensurepip")])
def test_a_bare_debian_is_told_what_to_install(tmp_path: Path, missing: tuple[str, ...]) -> None:
    if shutil.which("uv", path="/usr/bin:/bin"):
        pytest.skip("uv is installed for everybody here")
    done = bare(tmp_path, *missing)
    assert done.returncode == 1
    assert "apt install python3-venv" in done.stderr
    assert "bootstrap.py\", line" not in done.stderr
    assert not (tmp_path / ".venv" / "installed").exists()
