"""`manage.py export_territories FILE`: what `import_territories` reads back as nothing new."""

from oms.files.commands import ExportCommand


class Command(ExportCommand):
    help = "Write all territories to a CSV file."
    format_name = "territories"
