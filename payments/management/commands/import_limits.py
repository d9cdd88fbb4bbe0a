"""`manage.py import_limits FILE`: see `manage.py formats limits`."""

from oms.files.commands import ImportCommand


class Command(ImportCommand):
    help = "Bring in credit limits from a CSV or XLSX file."
    format_name = "limits"
