"""`make check`: lint, types, import contracts, missing migrations, templates, settings. Each in its own process, two at once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

MANAGE = [sys.executable, "manage.py"]
# The slowest first: it takes as long as the others together.
CHECKS = {
    "types": [sys.executable, "-m", "mypy"],
    "templates": [sys.executable, "-m", "djlint", "--lint", "templates", "--quiet"],
    "imports": [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"],
    "migrations": [*MANAGE, "makemigrations", "--check", "--dry-run"],
    "production": [*MANAGE, "check", "--deploy", "--fail-level", "WARNING"],
    "lint": [sys.executable, "-m", "ruff", "check", "."],
}
# A host as README describes it: nothing is connected to, only the settings are looked at.
PRODUCTION = {
    "SECURE": "1",
    "SECRET_KEY": "a key of this check alone, 0123456789 abcdefghijklmnopqrstuvwxyz",
    "ALLOWED_HOSTS": "orders.example.com",
    "CSRF_TRUSTED_ORIGINS": "https://orders.example.com",
    "DATABASE_URL": "postgres://oms_app:secret@database.example.com/oms",
    "DATABASE_OWNER_URL": "postgres://oms_owner:secret@database.example.com/oms",
    "REDIS_URL": "redis://queue.example.com/0",
}


def run(name: str) -> tuple[str, subprocess.CompletedProcess[str], float]:
    """One check: its name, how it ended, how long it took."""
    started = time.monotonic()
    environment = {**os.environ, **(PRODUCTION if name == "production" else {})}
    done = subprocess.run(CHECKS[name], capture_output=True, text=True, env=environment)
    return name, done, time.monotonic() - started


def main() -> int:
    """Run every check; 0 only when all pass."""
    failed = []
    with ThreadPoolExecutor(2) as pool:
        for name, done, seconds in pool.map(run, CHECKS):
            print(f"{name}: {'ok' if done.returncode == 0 else 'FAILED'} ({seconds:.1f} s)", flush=True)
            if done.returncode:
                print(done.stdout + done.stderr)
                failed.append(name)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
