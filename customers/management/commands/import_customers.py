"""`manage.py import_customers FILE`: see `manage.py formats customers`."""

from oms.files.commands import ImportCommand


class Command(ImportCommand):
    help = "Bring in customers from a CSV or XLSX file."
    format_name = "customers"
