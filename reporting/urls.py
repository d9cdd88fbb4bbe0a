"""Gathers the pages of the rooms."""

from oms.kernel.rooms import modules

app_name = "reporting"
urlpatterns = [pattern for module in modules("urls") if module.__name__.startswith("reporting.") for pattern in module.urlpatterns]
