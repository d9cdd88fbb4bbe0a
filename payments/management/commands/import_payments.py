"""`manage.py import_payments FILE`: see `manage.py formats payments`."""

from oms.files.commands import ImportCommand


class Command(ImportCommand):
    help = "Bring in payments and credit notes of another system from a CSV or XLSX file."
    format_name = "payments"
