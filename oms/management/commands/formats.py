"""`manage.py formats [NAME]`: the documented file formats, from their registration."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from oms.files.commands import all_described, described
from oms.files.formats import named
from oms.kernel.errors import OMSError


class Command(BaseCommand):
    help = "Print the columns of the file formats as Markdown."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.stdout.write(described(named(options["name"])) if options["name"] else all_described())
        except OMSError as error:
            raise CommandError(str(error)) from None
