"""Invoices, issued once and never edited, and the receivables subledger."""
