"""Files of the outer world as rows of text: CSV and XLSX."""

from oms.files.adapters.csv_rows import csv_rows
from oms.files.adapters.xlsx_rows import xlsx_rows

__all__ = ["csv_rows", "xlsx_rows"]
