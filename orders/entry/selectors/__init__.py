"""Reads of the write path: the head of an order, and the assessment of a request against the world."""

from orders.entry.selectors.assess import DEFAULT_CRITICALITY, Assessed, Assessment, assess, goods_line
from orders.entry.selectors.drafts import draft_to_type, template_to_type, templates
from orders.entry.selectors.head import Head, head

__all__ = ["DEFAULT_CRITICALITY", "Assessed", "Assessment", "Head", "assess", "draft_to_type", "goods_line", "head", "template_to_type", "templates"]
