"""`manage.py import_invoices FILE`: see `manage.py formats invoices`."""

from oms.files.commands import ImportCommand


class Command(ImportCommand):
    help = "Bring in invoices of another system from a CSV or XLSX file."
    format_name = "invoices"
