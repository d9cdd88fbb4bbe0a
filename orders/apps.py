"""The app's place in Django."""

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "orders"
