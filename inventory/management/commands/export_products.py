"""`manage.py export_products FILE`: what `import_products` reads back as nothing new."""

from oms.files.commands import ExportCommand


class Command(ExportCommand):
    help = "Write all products to a CSV file."
    format_name = "products"
