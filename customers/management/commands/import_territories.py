"""`manage.py import_territories FILE`: see `manage.py formats territories`."""

from oms.files.commands import ImportCommand


class Command(ImportCommand):
    help = "Bring in territories from a CSV or XLSX file."
    format_name = "territories"
