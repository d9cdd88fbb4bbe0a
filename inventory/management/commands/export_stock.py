"""`manage.py export_stock FILE`: what `import_stock` reads back as nothing new."""

from oms.files.commands import ExportCommand


class Command(ExportCommand):
    help = "Write all stock to a CSV file."
    format_name = "stock"
