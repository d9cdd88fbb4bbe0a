"""`manage.py import_substitutes FILE`: see `manage.py formats substitutes`."""

from oms.files.commands import ImportCommand


class Command(ImportCommand):
    help = "Bring in substitutes from a CSV or XLSX file."
    format_name = "substitutes"
