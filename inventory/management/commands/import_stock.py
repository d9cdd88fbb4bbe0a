"""`manage.py import_stock FILE`: see `manage.py formats stock`."""

from oms.files.commands import ImportCommand


class Command(ImportCommand):
    help = "Bring in stock from a CSV or XLSX file."
    format_name = "stock"
