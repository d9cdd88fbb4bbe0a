"""Shops and trading partners: their messages in, ours out (PRODUCT.md sections 1 and 11)."""
