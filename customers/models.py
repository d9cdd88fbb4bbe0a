"""Gathers the models of the rooms: Django looks here."""

from customers.parties.models import Address, Contact, Customer, CustomerUser
from customers.relations.models import Activity
from customers.territory.models import CustomerPost, Delegation, Post, PostHolding, Territory

__all__ = ["Activity", "Address", "Contact", "Customer", "CustomerPost", "CustomerUser", "Delegation", "Post", "PostHolding", "Territory"]
