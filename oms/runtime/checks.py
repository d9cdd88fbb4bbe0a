"""What `manage.py check --deploy` asks of a real installation beyond Django's own questions."""

from __future__ import annotations

from typing import Any

import environ
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register


@register(Tags.security, deploy=True)
def production(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Keys and roles that several hosts need, and TLS."""
    env = environ.Env()
    found: list[CheckMessage] = []
    if not settings.EMBEDDED_DATABASE and not env("SECRET_KEY", default=""):
        found.append(Error("SECRET_KEY is not set: each host makes its own, and sessions of one end at another.", id="oms.E001"))
    if settings.SECURE and not env.list("ALLOWED_HOSTS", default=[]):
        found.append(Error("ALLOWED_HOSTS is not set: only 127.0.0.1 and localhost are answered.", id="oms.E002"))
    if not settings.EMBEDDED_DATABASE and settings.DATABASE_OWNER["USER"] == settings.DATABASES["default"]["USER"]:
        found.append(
            Warning(
                "The role that serves owns the tables, so that only triggers keep ledgers from being changed.",
                hint="Make the roles by `python -m oms.runtime.roles`; set DATABASE_OWNER_URL and the others.",
                id="oms.W001",
            )
        )
    if settings.EMBEDDED_REDIS != settings.EMBEDDED_DATABASE:
        found.append(Warning("Only one of DATABASE_URL and REDIS_URL is set.", id="oms.W002"))
    return found
