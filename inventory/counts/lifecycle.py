"""A count sheet's status on one screen."""

from oms.kernel.lifecycle import Lifecycle

SHEET = Lifecycle(noun="count sheet", initial=frozenset({"open"}), edges={"open": frozenset({"posted", "cancelled"})})
