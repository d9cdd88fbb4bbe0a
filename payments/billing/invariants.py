"""What must hold of invoices and receivables (RELIABILITY.md section 1)."""

from oms.kernel.invariants import Invariant

RECOMPUTED = """
SELECT i.id, i.number, i.net, i.tax, i.total, l.net AS lines_net, t.tax AS groups_tax
FROM payments_invoice i JOIN oms_currency c ON c.code = i.currency_id
LEFT JOIN LATERAL (SELECT sum(net) AS net FROM payments_invoiceline WHERE invoice_id = i.id) l ON true
LEFT JOIN LATERAL (SELECT sum(tax) AS tax FROM payments_invoicetax WHERE invoice_id = i.id) t ON true
WHERE ((i.net, i.tax, i.total) IS DISTINCT FROM (l.net, t.tax, l.net + t.tax)
   OR EXISTS (SELECT 1 FROM payments_invoiceline x WHERE x.invoice_id = i.id
              AND x.net <> round(x.quantity * x.unit_price * (1 - x.discount) / x.price_unit, c.exponent))
   OR EXISTS (SELECT 1 FROM (SELECT tax_category, tax_rate, sum(net) AS net FROM payments_invoiceline
                             WHERE invoice_id = i.id GROUP BY tax_category, tax_rate) g
              FULL JOIN (SELECT * FROM payments_invoicetax WHERE invoice_id = i.id) x
                  ON (x.category, x.rate) = (g.tax_category, g.tax_rate)
              WHERE (x.net, x.tax) IS DISTINCT FROM (g.net, round(g.net * g.tax_rate, c.exponent)))) {also}
"""

INVARIANTS = [
    Invariant(
        "I13",
        "what an account owes is the sum of its receivable entries: open items less unapplied and credits",
        """
        SELECT a.id, a.receivable, a.unapplied, a.credits, e.owed FROM payments_creditaccount a
        LEFT JOIN (SELECT account_id, sum(amount) AS owed FROM payments_receivableentry GROUP BY account_id) e
            ON e.account_id = a.id
        WHERE a.receivable - a.unapplied - a.credits <> coalesce(e.owed, 0)
        """,
    ),
    Invariant(
        "I13e",
        "every invoice stands in the subledger with its customer, total and date",
        """
        SELECT i.id, i.number, e.id FROM payments_invoice i
        LEFT JOIN payments_receivableentry e ON e.kind = 'invoice' AND e.document_id = i.id
        WHERE (e.account_id, e.customer_id, e.amount, e.posted_date)
            IS DISTINCT FROM (i.account_id, i.customer_id, i.total, i.invoice_date)
        """,
    ),
    Invariant(
        "I15",
        "an invoice's total is its line nets plus tax by group, each rounded half up",
        RECOMPUTED.format(also=""),
        RECOMPUTED.format(also="AND i.recorded_at >= %(since)s"),
    ),
    Invariant(
        "I16",
        "open is never below 0 and is what the applications leave",
        """
        SELECT i.id, i.number, i.total, i.applied, i.credited, a.applied FROM payments_invoice i
        LEFT JOIN (SELECT invoice_id, sum(amount) AS applied FROM payments_application GROUP BY invoice_id) a
            ON a.invoice_id = i.id
        WHERE i.applied <> coalesce(a.applied, 0) OR i.applied < 0 OR i.credited < 0 OR i.total < i.applied + i.credited
        """,
    ),
    Invariant(
        "I21",
        "invoice numbers are unique and without gaps, and the series stands behind the last",
        """
        SELECT i.series, count(*), min(i.serial), max(i.serial), s.next_number
        FROM payments_invoice i LEFT JOIN oms_numberseries s ON s.code = i.series
        GROUP BY i.series, s.next_number
        HAVING max(i.serial) - min(i.serial) + 1 <> count(*) OR max(i.serial) + 1 IS DISTINCT FROM s.next_number
            OR count(DISTINCT i.number) <> count(*)
        """,
    ),
    Invariant(
        "I22",
        "what was credited of an invoice is at most its total",
        "SELECT id, number, credited, total FROM payments_invoice WHERE credited > total",
    ),
    Invariant(
        "I23b",
        "the receivable bucket of an account is the open amount of its invoices",
        """
        SELECT a.id, a.receivable, i.open FROM payments_creditaccount a
        LEFT JOIN (SELECT account_id, sum(total - applied - credited) AS open FROM payments_invoice GROUP BY account_id) i
            ON i.account_id = a.id
        WHERE a.receivable <> coalesce(i.open, 0)
        """,
    ),
    Invariant(
        "I23d",
        "the oldest due date on an account is that of its oldest open invoice",
        """
        SELECT a.id, a.oldest_due_date, i.oldest FROM payments_creditaccount a
        LEFT JOIN (SELECT account_id, min(due_date) AS oldest FROM payments_invoice WHERE total > applied + credited
                   GROUP BY account_id) i ON i.account_id = a.id
        WHERE a.oldest_due_date IS DISTINCT FROM i.oldest
        """,
    ),
]
