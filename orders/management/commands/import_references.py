"""`manage.py import_references FILE`: see `manage.py formats references`."""

from oms.files.commands import ImportCommand


class Command(ImportCommand):
    help = "Bring in cross-references from a CSV or XLSX file."
    format_name = "references"
