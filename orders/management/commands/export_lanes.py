"""`manage.py export_lanes FILE`: what `import_lanes` reads back as nothing new."""

from oms.files.commands import ExportCommand


class Command(ExportCommand):
    help = "Write all lanes to a CSV file."
    format_name = "lanes"
