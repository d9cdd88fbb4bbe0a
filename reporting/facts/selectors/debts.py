"""What was open of invoices at the end of the day %(on)s, as SQL.

What is open now, and what money and credit notes took off since: the ledgers of applications sum to what the invoices say was
applied (`verify`), so no settled invoice of years is looked at. Rows add up: one invoice may have several, `rest` is a sum's part. What is paid in
instalments stands part by part, each with its own due date.
"""

_COLUMNS = "i.id, i.customer_id, i.due_date, i.net, i.total"
_OF_THEN = "i.invoice_date <= %(on)s AND i.currency_id = %(currency)s"
_WHOLE = f"i.instalments = 1 AND {_OF_THEN}"

OPEN_ON = f"""(
 SELECT {_COLUMNS}, i.total - i.applied - i.credited AS rest FROM payments_invoice i WHERE i.total > i.applied + i.credited AND {_WHOLE}
 UNION ALL SELECT {_COLUMNS}, a.amount FROM payments_application a JOIN payments_invoice i ON i.id = a.invoice_id
 WHERE a.value_date > %(on)s AND {_WHOLE}
 UNION ALL SELECT {_COLUMNS}, a.amount FROM payments_creditapplication a JOIN payments_invoice i ON i.id = a.invoice_id
 WHERE a.value_date > %(on)s AND {_WHOLE}
 UNION ALL SELECT i.id, i.customer_id, p.due_date, i.net, i.total, p.open FROM payments_invoice i
 CROSS JOIN LATERAL (SELECT i.total - i.applied - i.credited
     + (SELECT coalesce(sum(a.amount), 0) FROM payments_application a WHERE a.invoice_id = i.id AND a.value_date > %(on)s)
     + (SELECT coalesce(sum(a.amount), 0) FROM payments_creditapplication a WHERE a.invoice_id = i.id AND a.value_date > %(on)s) AS rest OFFSET 0) of_day
 CROSS JOIN LATERAL open_parts(i.total, of_day.rest, i.due_date, i.instalments, i.instalment) p WHERE i.instalments > 1 AND {_OF_THEN}
)"""
