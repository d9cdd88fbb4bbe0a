"""`manage.py import_orders FILE`: see `manage.py formats orders`."""

from oms.files.commands import ImportCommand


class Command(ImportCommand):
    help = "Bring in orders from a CSV or XLSX file."
    format_name = "orders"
