"""Gathers the pages of the rooms."""

from oms.kernel.rooms import modules

app_name = "payments"
urlpatterns = [pattern for module in modules("urls") if module.__name__.startswith("payments.") for pattern in module.urlpatterns]
