"""`manage.py make_volume --orders 1000000`: a company of that size in an empty database, to measure pages and plans on."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from oms.company.models import Company
from oms.runtime import paths
from reporting.volume.services import Size, make


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--orders", type=int, default=1_000_000)
        parser.add_argument("--customers", type=int, default=2_000)
        parser.add_argument("--base", type=int, default=600, help="orders that live through the use cases; the others are their copies")
        parser.add_argument("--open", type=float, default=0.1, help="share of the orders that is not released yet")

        parser.add_argument("--keep", action="store_true", help="a company that is there stays as it is")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.EMBEDDED_DATABASE:
            raise CommandError("make_volume stills the guards while it copies, which takes the superuser of the embedded database: leave DATABASE_URL empty.")
        if Company.objects.exists() and options["keep"]:
            return
        if Company.objects.exists():
            raise CommandError("This database has a company. Name a fresh instance (OMS_INSTANCE=volume), migrate it, and ask again.")
        size = Size(options["orders"], options["customers"], options["base"], options["open"])
        started = time.monotonic()
        with psycopg.connect(host=str(paths.socket_dir()), dbname=connection.settings_dict["NAME"], user="postgres", autocommit=True) as server:
            orders = make(size, server, self.say)
        self.say(f"{orders:,} orders in {time.monotonic() - started:.0f} s")

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
