"""`manage.py export_invoices FILE`: what `import_invoices` reads back as nothing new."""

from oms.files.commands import ExportCommand


class Command(ExportCommand):
    help = "Write all invoices to a CSV file."
    format_name = "invoices"
