"""`manage.py import_targets FILE`: see `manage.py formats targets`."""

from oms.files.commands import ImportCommand


class Command(ImportCommand):
    help = "Bring in targets from a CSV or XLSX file."
    format_name = "targets"
