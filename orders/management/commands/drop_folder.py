"""`manage.py drop_folder DIR`: take in what partners dropped into DIR/<partner>/in, write our replies to DIR/<partner>/out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from oms.accounts.selectors import system_user
from oms.kernel.errors import OMSError
from orders.channels.services import look
from orders.channels.services.folder import SETTLED_SECONDS


class Command(BaseCommand):
    help = "Take in what partners dropped into DIR/<partner's code>/in, and write our replies to DIR/<partner's code>/out."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder")
        parser.add_argument("--watch", type=float, default=0, metavar="SECONDS", help="look again every so many seconds")
        parser.add_argument("--settled", type=float, default=SETTLED_SECONDS, metavar="SECONDS", help="leave files alone that changed since")

    def handle(self, *args: Any, **options: Any) -> None:
        root = Path(options["folder"])
        if not root.is_dir():
            raise CommandError(f"{root} is no folder.")
        while True:
            try:
                taken = look(root, by=system_user(), settled=options["settled"])
            except (OMSError, OSError) as error:
                raise CommandError(str(error)) from error
            for each in taken:
                self.stdout.write(f"{each.name}: {each.outcome} {', '.join(each.messages)}".rstrip())
            if not options["watch"]:
                if not taken:
                    self.stdout.write("nothing new")
                if any(each.outcome.startswith("refused") for each in taken):
                    raise CommandError("Some files were refused: see the folder refused.")
                return
            time.sleep(options["watch"])
