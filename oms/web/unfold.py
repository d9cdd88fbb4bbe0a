"""The admin in our look: unfold's settings with the palette of static/oms/theme.css."""

from typing import Any

from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": _("Settings"),
    "SITE_HEADER": _("Order management"),
    "SITE_SUBHEADER": _("Settings"),
    "SITE_URL": "/",
    "SITE_SYMBOL": "settings",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "4px",
    "SITE_DROPDOWN": [{"icon": "arrow_back", "title": _("Back to the work"), "link": reverse_lazy("web:home")}],
    "COLORS": {
        "base": {
            "50": "#f6f6f4", "100": "#f0f0ed", "200": "#e3e3df", "300": "#c9c9c4", "400": "#9a9a94", "500": "#74746e",
            "600": "#5b5b56", "700": "#3f3f3c", "800": "#2c2d31", "900": "#17181a", "950": "#101113",
        },
        "primary": {
            "50": "#f6f6f4", "100": "#e7e7e2", "200": "#d3d3ce", "300": "#b9b9b3", "400": "#8f8f89", "500": "#5f5f5a",
            "600": "#3a3a37", "700": "#2b2b29", "800": "#1c1c1a", "900": "#141413", "950": "#0c0c0b",
        },
    },
    "SIDEBAR": {"show_search": True, "show_all_applications": False},
}  # fmt: skip
