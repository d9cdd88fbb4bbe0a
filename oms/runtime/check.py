"""`make check`: lint, types, import contracts, missing migrations, templates. Each in its own process."""

from __future__ import annotations

import subprocess
import sys
import time

CHECKS = {
    "lint": ["ruff", "check", "."],
    "imports": ["importlinter"],
    "types": ["mypy"],
    "templates": ["djlint", "--lint", "templates", "--quiet"],
    "migrations": [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"],
    "deploy": [sys.executable, "manage.py", "check"],
}


def main() -> int:
    """Run every check; 0 only when all pass."""
    failed = []
    for name, command in CHECKS.items():
        started = time.monotonic()
        program = command if command[0] == sys.executable else [sys.executable, "-m", *command]
        if name == "imports":
            program = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
        done = subprocess.run(program, capture_output=True, text=True)
        print(f"{name}: {'ok' if done.returncode == 0 else 'FAILED'} ({time.monotonic() - started:.1f} s)", flush=True)
        if done.returncode:
            print(done.stdout + done.stderr)
            failed.append(name)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
