"""Bank lines in, payments out of them, applied to invoices; undone by reversal."""
