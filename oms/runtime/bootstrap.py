"""Makes `.venv` from requirements.lock with nothing but python3: uv if it is there, else uv from a plain venv.

Run by the Makefile as a script; does nothing when the lock's fingerprint is the one last installed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent.parent
VENV = BASE / ".venv"
PYTHON = VENV / "bin" / "python"
MARK = VENV / "installed"


def say(text: str) -> None:
    """Print at once."""
    print(text, flush=True)  # noqa: T201


def fingerprint() -> str:
    """Of what should be installed and by which Python."""
    lock = (BASE / "requirements.lock").read_bytes()
    return hashlib.sha256(lock + sys.version.encode()).hexdigest()


def make_venv(uv: str | None) -> None:
    """Create the empty environment."""
    if uv:
        subprocess.run([uv, "venv", "-q", "--no-python-downloads", "--clear", "--python", sys.executable, str(VENV)], check=True)
        return
    shutil.rmtree(VENV, ignore_errors=True)
    done = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(
            "Python could not make a virtual environment here. On Debian or Ubuntu install python3-venv\n"
            f"(apt install python3-venv), then run make again. Python said:\n{done.stdout}{done.stderr}"
        )


def install(uv: str | None) -> None:
    """Install exactly the lock, every file checked by its hash."""
    lock = str(BASE / "requirements.lock")
    if uv is None:
        subprocess.run([str(PYTHON), "-m", "pip", "install", "-q", "--disable-pip-version-check", "uv"], check=True)
        uv = str(VENV / "bin" / "uv")
        command = [uv, "pip", "install", "-q", "--require-hashes", "--python", str(PYTHON), "-r", lock]
    else:
        command = [uv, "pip", "sync", "-q", "--require-hashes", "--no-python-downloads", "--python", str(PYTHON), lock]
    environment = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH")}
    if subprocess.run(command, env=environment).returncode:
        raise SystemExit("The packages of requirements.lock could not be installed: see the message above.")


def main() -> None:
    """Bring `.venv` up to date."""
    if sys.version_info < (3, 11):
        raise SystemExit(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}.")
    wanted = fingerprint()
    if MARK.exists() and MARK.read_text() == wanted and PYTHON.exists():
        return
    say("Installing the packages of requirements.lock …")
    uv = shutil.which("uv")
    make_venv(uv)
    install(uv)
    MARK.write_text(wanted)


if __name__ == "__main__":
    main()
