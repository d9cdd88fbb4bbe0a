"""`manage.py import_lanes FILE`: see `manage.py formats lanes`."""

from oms.files.commands import ImportCommand


class Command(ImportCommand):
    help = "Bring in lanes from a CSV or XLSX file."
    format_name = "lanes"
