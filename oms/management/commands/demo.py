"""`manage.py demo`: fill a believable company, once, through the use cases; print who can sign in."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

from oms.accounts.models import User
from oms.accounts.selectors import system_user
from oms.company.models import Company
from oms.kernel.rooms import modules
from oms.runtime import paths

PASSWORD = "practice-makes-perfect"


class Command(BaseCommand):
    help = "Fill the practice company once (every room's `demo`), then print the sign-ins."

    def handle(self, *args: Any, **options: Any) -> None:
        if not Company.objects.exists():
            self.stdout.write("Filling the practice company …")
            for module in sorted(modules("demo"), key=lambda m: m.STEP):
                module.fill(system_user())
                self.analyze_once_needed(module.STEP)
        self.print_sign_ins()

    def analyze_once_needed(self, step: int) -> None:
        """Fresh statistics after bulk data, so that plans are right from the first order (WRITE_PATH.md)."""
        if step == 50:
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")

    def print_sign_ins(self) -> None:
        """One line a role, and the partner's key."""
        self.stdout.write(f"Sign in with the password {PASSWORD} as:")
        for user in User.objects.filter(is_system=False, is_active=True).exclude(roles=[]).order_by("pk"):
            self.stdout.write(f"  {user.username:<12} {', '.join(user.roles):<14} {user.get_full_name()}")
        key = paths.var() / "partner.key"
        if key.exists():
            self.stdout.write(f"Partner key: {key.read_text()}")
