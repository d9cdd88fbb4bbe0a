"""Approval by quantity: who may say yes to how much, bound to what they saw, never to what they entered."""
