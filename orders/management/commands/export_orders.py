"""`manage.py export_orders FILE`: what `import_orders` reads back as nothing new."""

from oms.files.commands import ExportCommand


class Command(ExportCommand):
    help = "Write all orders that were submitted, with what became of them, to a CSV file."
    format_name = "orders"
