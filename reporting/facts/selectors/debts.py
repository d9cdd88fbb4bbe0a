"""What was open of an invoice `i` at the end of the day %(on)s, as SQL: from applications of money and of credit notes alone."""

# What is open now and what was taken off since (the ledger of applications sums to what the invoice says was applied: verify).
OPEN_ON = """(i.total - i.applied - i.credited
 + CASE WHEN i.id IN (SELECT invoice_id FROM payments_application WHERE value_date > %(on)s)
   THEN (SELECT sum(a.amount) FROM payments_application a WHERE a.invoice_id = i.id AND a.value_date > %(on)s) ELSE 0 END
 + CASE WHEN i.id IN (SELECT invoice_id FROM payments_creditapplication WHERE value_date > %(on)s)
   THEN (SELECT sum(ca.amount) FROM payments_creditapplication ca WHERE ca.invoice_id = i.id AND ca.value_date > %(on)s) ELSE 0 END)"""

# Invoices that can have had something open on that day: those that have now, and those settled since.
MAYBE_OPEN_ON = """(i.invoice_date <= %(on)s AND i.id IN (
 SELECT id FROM payments_invoice WHERE total > applied + credited
 UNION ALL SELECT invoice_id FROM payments_application WHERE value_date > %(on)s
 UNION ALL SELECT invoice_id FROM payments_creditapplication WHERE value_date > %(on)s))"""
