"""`manage.py export_receipts FILE`: what `import_receipts` reads back as nothing new."""

from oms.files.commands import ExportCommand


class Command(ExportCommand):
    help = "Write all receipts to a CSV file."
    format_name = "receipts"
