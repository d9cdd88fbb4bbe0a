"""Makes `.venv` from requirements.lock with nothing but python3: uv if it is there, else uv fetched by pip.

Run by the Makefile as a script; does nothing when the lock's fingerprint is the one last installed. `--no-dev` leaves
out what only tests and checks need (two thirds of the bytes); `make test` adds it later. A broken-off installation is
begun anew, and of two at once the second waits. It must say its errors on any Python 3, so it uses nothing new.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent.parent
VENV = BASE / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = BASE / "requirements.lock"
MARKS = {"demo": VENV / "installed-demo", "all": VENV / "installed"}
UNFINISHED = VENV / "unfinished"
OLDEST = (3, 11)
CERTIFICATES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")


def say(text: str) -> None:
    """Print at once."""
    print(text, flush=True)  # noqa: T201


def fingerprint() -> str:
    """Of what should be installed and by which Python."""
    return hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()


def runtime_only(lock: str) -> str:
    """The lock without what only the dev group asks for, by its "# via" notes."""
    blocks = re.findall(r"^[a-z0-9].*?(?=^[a-z0-9]|\Z)", lock, re.MULTILINE | re.DOTALL)
    asked = [(re.split(r"[\s=\[;]", block, maxsplit=1)[0], block) for block in blocks]  # a name may come twice, by Python
    wanted_by = [(name, set(re.findall(r"^ +# +(?:via +)?(\S.*)$", block, re.MULTILINE))) for name, block in asked]
    kept = {name for name, who in wanted_by if "oms (pyproject.toml)" in who}
    while more := {name for name, who in wanted_by if who & kept} - kept:
        kept |= more
    return "".join(block for name, block in asked if name in kept)


def make_venv() -> None:
    """Create the empty environment, without pip: uv fills it."""
    shutil.rmtree(VENV, ignore_errors=True)
    try:
        done = subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(VENV)], capture_output=True, text=True)
    except OSError as error:
        raise SystemExit(f"Python could not be run: {error}") from None
    if done.returncode or not PYTHON.exists():
        raise SystemExit(
            "Python could not make a virtual environment here. On Debian or Ubuntu: apt install python3-venv,\n"
            f"then run make again. Python said:\n{done.stdout}{done.stderr}"
        )


def find_uv() -> str:
    """uv from PATH, from `.venv`, or fetched into `.venv` by the pip of this Python or of the environment.

    Nothing is installed outside `.venv`, so a Python that its distribution manages (PEP 668) does not mind.
    """
    ours = VENV / "bin" / "uv"
    found = shutil.which("uv") or (str(ours) if ours.exists() else None)
    if found:
        return found
    quiet = ["-qq", "--disable-pip-version-check", "--no-input"]
    with_pip = [sys.executable, "-m", "pip", "--python", str(PYTHON), "install", *quiet, "uv"]
    first = subprocess.run(with_pip, capture_output=True, text=True)
    if first.returncode == 0 and ours.exists():
        return str(ours)
    made = subprocess.run([str(PYTHON), "-m", "ensurepip", "-U"], capture_output=True, text=True)
    if made.returncode:
        raise SystemExit(
            "This Python has neither uv, nor a recent pip, nor ensurepip, so nothing can be installed.\n"
            "On Debian or Ubuntu: apt install python3-venv, then run make again. Python said:\n"
            f"{(made.stderr or made.stdout).strip().splitlines()[-1:] or ['(nothing)']}"
        )
    second = subprocess.run([str(PYTHON), "-m", "pip", "install", *quiet, "uv"], capture_output=True, text=True)
    if second.returncode:
        raise SystemExit(f"pip could not fetch uv; is the package index reachable? It said:\n{second.stderr.strip()}")
    return str(ours)


def install(uv: str, dev: bool) -> None:
    """Install exactly the versions of the lock, every file checked by its hash."""
    environment = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")}
    if any(Path(store).exists() for store in CERTIFICATES):
        # A company's own certificate authority is known to the system, not to uv.
        environment.setdefault("UV_SYSTEM_CERTS", "true")
        environment.setdefault("UV_NATIVE_TLS", "true")
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(LOCK.read_text() if dev else runtime_only(LOCK.read_text()))
        file.flush()
        command = [uv, "pip", "install", "-q", "--require-hashes", "--no-python-downloads", "--python", str(PYTHON), "-r", file.name]
        if subprocess.run(command, env=environment).returncode:
            raise SystemExit("The packages of requirements.lock could not be installed: see the message above.")


def right_python() -> None:
    """Go on with a Python that is new enough, or say which is needed."""
    if sys.version_info >= OLDEST:
        return
    for minor in (13, 12, 11):
        newer = shutil.which(f"python3.{minor}")
        if newer:
            os.execv(newer, [newer, *sys.argv])
    raise SystemExit(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}. Name another by make PYTHON=….")


def bring_up_to_date(dev: bool) -> None:
    """Install what is missing; `.venv` is made anew when another Python made it or its making was broken off."""
    wanted = fingerprint()
    marks = [MARKS["all"]] if dev else [MARKS["all"], MARKS["demo"]]
    if PYTHON.exists() and any(mark.exists() and mark.read_text() == wanted for mark in marks):
        return
    say("Installing the packages of requirements.lock …")
    made_by = VENV / "python"
    usable = PYTHON.exists() and not UNFINISHED.exists() and made_by.exists() and made_by.read_text() == sys.version
    if not usable and not VENV.is_symlink():
        make_venv()
    UNFINISHED.touch()
    made_by.write_text(sys.version)
    install(find_uv(), dev)
    MARKS["all" if dev else "demo"].write_text(wanted)
    UNFINISHED.unlink()


def main() -> None:
    """One at a time; errors of the file system in one line."""
    right_python()
    try:
        (BASE / "var").mkdir(exist_ok=True)
        with (BASE / "var" / "bootstrap.lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("Another make installs here; waiting for it …")
                fcntl.flock(file, fcntl.LOCK_EX)
            bring_up_to_date("--no-dev" not in sys.argv)
    except PermissionError as error:
        raise SystemExit(
            f"{error.filename} belongs to somebody else. Run make as the user who owns {BASE}, or in a clone of your own."
        ) from None
    except KeyboardInterrupt:
        raise SystemExit("Stopped before everything was installed; make begins it anew.") from None


if __name__ == "__main__":
    main()
