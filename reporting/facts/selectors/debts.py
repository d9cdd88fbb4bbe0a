"""What was open of an invoice `i` at the end of the day %(on)s, as SQL: from applications of money and of credit notes alone."""

OPEN_ON = """(i.total - coalesce((SELECT sum(a.amount) FROM payments_application a WHERE a.invoice_id = i.id AND a.value_date <= %(on)s), 0)
 - coalesce((SELECT sum(ca.amount) FROM payments_creditapplication ca WHERE ca.invoice_id = i.id AND ca.value_date <= %(on)s), 0))"""

# Invoices that can have had something open on that day: those that have now, and those settled since.
MAYBE_OPEN_ON = """(i.invoice_date <= %(on)s AND (i.total > i.applied + i.credited
 OR i.id IN (SELECT invoice_id FROM payments_application WHERE value_date > %(on)s)
 OR i.id IN (SELECT invoice_id FROM payments_creditapplication WHERE value_date > %(on)s)))"""
