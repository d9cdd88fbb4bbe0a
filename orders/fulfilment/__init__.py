"""Fulfilment: from a dated plan to goods that left and arrived."""
