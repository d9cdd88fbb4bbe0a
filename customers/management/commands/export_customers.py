"""`manage.py export_customers FILE`: what `import_customers` reads back as nothing new."""

from oms.files.commands import ExportCommand


class Command(ExportCommand):
    help = "Write all customers to a CSV file."
    format_name = "customers"
