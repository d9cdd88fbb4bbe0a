"""`manage.py export_targets FILE`: see `manage.py formats targets`."""

from oms.files.commands import ExportCommand


class Command(ExportCommand):
    help = "Write all targets to a CSV file."
    format_name = "targets"
