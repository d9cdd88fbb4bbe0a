"""Gathers the pages of the rooms."""

from oms.kernel.rooms import modules

app_name = "customers"
urlpatterns = [pattern for module in modules("urls") if module.__name__.startswith("customers.") for pattern in module.urlpatterns]
