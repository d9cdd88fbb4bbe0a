"""`manage.py export_references FILE`: what `import_references` reads back as nothing new."""

from oms.files.commands import ExportCommand


class Command(ExportCommand):
    help = "Write all cross-references to a CSV file."
    format_name = "references"
