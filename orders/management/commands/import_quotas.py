"""`manage.py import_quotas FILE`: see `manage.py formats quotas`."""

from oms.files.commands import ImportCommand


class Command(ImportCommand):
    help = "Bring in quotas from a CSV or XLSX file."
    format_name = "quotas"
