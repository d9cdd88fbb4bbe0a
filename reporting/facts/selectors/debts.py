"""What was open of invoices at the end of the day %(on)s, as SQL.

What is open now, and what money and credit notes took off since: the ledgers of applications sum to what the invoices say was
applied (`verify`), so no settled invoice of years is looked at. Rows add up: one invoice may have several, `rest` is a sum's part.
"""

_COLUMNS = "i.id, i.customer_id, i.due_date, i.net, i.total"
_OF_THEN = "i.invoice_date <= %(on)s AND i.currency_id = %(currency)s"

OPEN_ON = f"""(
 SELECT {_COLUMNS}, i.total - i.applied - i.credited AS rest FROM payments_invoice i WHERE i.total > i.applied + i.credited AND {_OF_THEN}
 UNION ALL SELECT {_COLUMNS}, a.amount FROM payments_application a JOIN payments_invoice i ON i.id = a.invoice_id
 WHERE a.value_date > %(on)s AND {_OF_THEN}
 UNION ALL SELECT {_COLUMNS}, a.amount FROM payments_creditapplication a JOIN payments_invoice i ON i.id = a.invoice_id
 WHERE a.value_date > %(on)s AND {_OF_THEN}
)"""
