"""manage.py relay: seals events, fills the outbox, rings the workers."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError

from oms.events import relay


class Command(BaseCommand):
    help = "Seal events, fill the outbox and ring the workers, until stopped. Any number may run: one works."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="do what is there now and end")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            self.stdout.write(f"{relay.seal_all()} events sealed")
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        relay.run(stop)
        with contextlib.suppress(DatabaseError, psycopg.Error):  # the database may have ended before us
            relay.seal_all()
