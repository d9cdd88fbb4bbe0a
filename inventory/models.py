"""Gathers the models of the rooms: Django looks here."""

from inventory.catalog.models import LocationStaff, Product, StorageLocation, Unit
from inventory.stock.models import Availability, Balance, ExpectedReceipt, Movement

__all__ = [
    "Availability",
    "Balance",
    "ExpectedReceipt",
    "LocationStaff",
    "Movement",
    "Product",
    "StorageLocation",
    "Unit",
]
