"""`manage.py import_prices FILE`: see `manage.py formats prices`."""

from oms.files.commands import ImportCommand


class Command(ImportCommand):
    help = "Bring in prices from a CSV or XLSX file."
    format_name = "prices"
