"""Reads of the write path: the head of an order, and the assessment of a request against the world."""

from orders.entry.selectors.assess import Assessed, Assessment, assess
from orders.entry.selectors.head import Head, head

__all__ = ["Assessed", "Assessment", "Head", "assess", "head"]
