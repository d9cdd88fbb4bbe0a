"""Planning's places in the navigation."""

from django.utils.translation import gettext_lazy as _

from oms.web.navigation import how_many, register
from orders.planning.selectors.runs import proposals

register("planning", _("Runs and proposals"), "orders:plan-runs", roles={"manager"}, count=lambda user: how_many(proposals()))
register("planning", _("Rules of rank"), "orders:rank-rules", roles={"manager"})
