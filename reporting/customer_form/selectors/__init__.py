"""Reads for the customer form: `present` who they are and what is open, `record` how it went so far."""

from reporting.customer_form.selectors.present import (
    Identity,
    OpenOrder,
    OpenOrders,
    Rhythm,
    identity,
    open_orders,
    rhythm,
)
from reporting.customer_form.selectors.record import Due, FieldChange, Record, post_names, record

__all__ = [
    "Due", "FieldChange", "Identity", "OpenOrder", "OpenOrders", "Record", "Rhythm", "identity", "open_orders", "post_names", "record", "rhythm",
]  # fmt: skip
