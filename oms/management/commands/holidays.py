"""`manage.py holidays CALENDAR COUNTRY YEAR…`: a country's public holidays into a calendar."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from oms.accounts.selectors import system_user
from oms.company.services import add_holidays
from oms.kernel.errors import OMSError


class Command(BaseCommand):
    help = "Put the public holidays of a country (and a part of it) into a calendar; days it names already stay as they are."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("calendar", help="the calendar's code")
        parser.add_argument("country", help="ISO code, like DE")
        parser.add_argument("years", nargs="+", type=int)
        parser.add_argument("--subdivision", default="", help="like BY")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            added = add_holidays(options["calendar"], options["country"], options["years"], options["subdivision"], by=system_user())
        except OMSError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{added} days added to {options['calendar']}")
