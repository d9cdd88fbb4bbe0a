"""Gathers the pages of the rooms."""

from oms.kernel.rooms import modules

app_name = "orders"
urlpatterns = [pattern for module in modules("urls") if module.__name__.startswith("orders.") for pattern in module.urlpatterns]
