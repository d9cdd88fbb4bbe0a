"""The app's place in Django."""

from django.apps import AppConfig


class InventoryConfig(AppConfig):
    name = "inventory"
