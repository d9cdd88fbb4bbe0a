"""`manage.py export_substitutes FILE`: what `import_substitutes` reads back as nothing new."""

from oms.files.commands import ExportCommand


class Command(ExportCommand):
    help = "Write all substitutes to a CSV file."
    format_name = "substitutes"
