"""`manage.py export_limits FILE`: what `import_limits` reads back as nothing new."""

from oms.files.commands import ExportCommand


class Command(ExportCommand):
    help = "Write all credit limits to a CSV file."
    format_name = "limits"
