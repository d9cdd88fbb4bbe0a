"""`manage.py import_products FILE`: see `manage.py formats products`."""

from oms.files.commands import ImportCommand


class Command(ImportCommand):
    help = "Bring in products from a CSV or XLSX file."
    format_name = "products"
