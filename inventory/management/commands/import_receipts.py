"""`manage.py import_receipts FILE`: see `manage.py formats receipts`."""

from oms.files.commands import ImportCommand


class Command(ImportCommand):
    help = "Bring in receipts from a CSV or XLSX file."
    format_name = "receipts"
