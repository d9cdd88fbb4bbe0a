"""Gathers the pages of the rooms."""

from oms.kernel.rooms import modules

app_name = "orders"
found = [pattern for module in modules("urls") if module.__name__.startswith("orders.") for pattern in module.urlpatterns]
# Fixed words before numbers: `returns/` is a page, not an order's number.
urlpatterns = sorted(found, key=lambda pattern: str(pattern.pattern).startswith("<"))
