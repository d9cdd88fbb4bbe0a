"""Gathers the models of the rooms: Django looks here."""

from customers.parties.models import Address, Contact, Customer, CustomerUser
from customers.territory.models import CustomerPost, Post, PostHolding, Territory

__all__ = ["Address", "Contact", "Customer", "CustomerPost", "CustomerUser", "Post", "PostHolding", "Territory"]
