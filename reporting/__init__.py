"""Reads all; owns only its figures and marks."""
