"""Prices: which list wins for a customer, a product, a quantity and a date."""
