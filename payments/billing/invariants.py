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
        "what an account owes is the sum of its receivable entries: open items less unapplied, deposits and credits",
        """
        SELECT a.id, a.receivable, a.unapplied, a.credits, a.deposits, e.owed FROM payments_creditaccount a
        LEFT JOIN (SELECT account_id, sum(amount) AS owed FROM payments_receivableentry GROUP BY account_id) e
            ON e.account_id = a.id
        WHERE a.receivable - a.unapplied - a.credits - a.deposits <> coalesce(e.owed, 0)
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
        "open is never below 0 and is what the applications of payments and credit notes leave",
        """
        SELECT i.id, i.number, i.total, i.applied, i.credited, a.applied, c.credited FROM payments_invoice i
        LEFT JOIN (SELECT invoice_id, sum(amount) AS applied FROM payments_application GROUP BY invoice_id) a
            ON a.invoice_id = i.id
        LEFT JOIN (SELECT invoice_id, sum(amount) AS credited FROM payments_creditapplication GROUP BY invoice_id) c
            ON c.invoice_id = i.id
        WHERE i.applied <> coalesce(a.applied, 0) OR i.credited <> coalesce(c.credited, 0) OR i.applied < 0 OR i.credited < 0 OR i.total < i.applied + i.credited
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
        "an invoice's credit notes sum to `noted`, at most its total; a cancelled one is credited whole",
        """
        SELECT i.id, i.number, i.total, i.noted, n.total FROM payments_invoice i
        LEFT JOIN (SELECT invoice_id, sum(total) AS total FROM payments_creditnote WHERE NOT undone GROUP BY invoice_id) n
            ON n.invoice_id = i.id
        WHERE i.noted <> coalesce(n.total, 0) OR i.noted > i.total OR i.cancelled AND i.noted <> i.total
        """,
    ),
    Invariant(
        "I22n",
        "a credit note is its parts, is used at most whole, and by its own applications and refunds",
        """
        SELECT n.id, n.number FROM payments_creditnote n
        LEFT JOIN (SELECT credit_note_id, sum(net) AS net, sum(tax) AS tax FROM payments_creditnoteline GROUP BY 1) l ON l.credit_note_id = n.id
        LEFT JOIN (SELECT credit_note_id, sum(amount) AS used FROM payments_creditapplication GROUP BY 1) a ON a.credit_note_id = n.id
        LEFT JOIN (SELECT credit_note_id, sum(amount) AS paid FROM payments_refund GROUP BY 1) r ON r.credit_note_id = n.id
        WHERE (n.net, n.tax, n.total) IS DISTINCT FROM (l.net, l.tax, l.net + l.tax)
           OR n.applied <> coalesce(a.used, 0) OR n.refunded <> coalesce(r.paid, 0) OR n.applied + n.refunded > n.total
        """,
    ),
    Invariant(
        "I22l",
        "no line of an invoice is credited above its quantity or net, and no tax group above its tax",
        """
        SELECT x.id, x.quantity, x.net, sum(c.quantity), sum(c.net) FROM payments_invoiceline x
        JOIN payments_creditnoteline c ON c.invoice_line_id = x.id GROUP BY x.id HAVING sum(c.quantity) > x.quantity OR sum(c.net) > x.net
        UNION ALL
        SELECT t.invoice_id, 0, t.tax, 0, sum(c.tax) FROM payments_invoicetax t JOIN payments_creditnote n ON n.invoice_id = t.invoice_id
        JOIN payments_creditnoteline c ON c.credit_note_id = n.id AND (c.category, c.rate) = (t.category, t.rate)
        WHERE NOT n.undone GROUP BY t.id HAVING sum(c.tax) > t.tax OR sum(c.net) > t.net
        """,
    ),
    Invariant(
        "I13c",
        "every credit note, discount, write-off and refund stands in the subledger; an undone discount twice",
        """
        SELECT n.id, n.number, n.total, e.posted FROM payments_creditnote n
        LEFT JOIN (SELECT document_id, account_id, sum(amount) AS posted FROM payments_receivableentry
                   WHERE kind IN ('credit', 'discount', 'write_off', 'undone') GROUP BY 1, 2) e
            ON (e.document_id, e.account_id) = (n.id, n.account_id)
        WHERE coalesce(e.posted, 1) <> CASE WHEN n.undone THEN 0 ELSE -n.total END
        UNION ALL
        SELECT r.id, r.number, r.amount, e.amount FROM payments_refund r
        LEFT JOIN payments_receivableentry e ON e.kind = 'refund' AND e.document_id = r.id
        WHERE (e.account_id, e.amount) IS DISTINCT FROM (r.account_id, r.amount)
        """,
    ),
    Invariant(
        "I21c",
        "credit notes and deductions are numbered without gaps, and their series stand behind the last",
        """
        SELECT n.series, count(*), min(n.serial), max(n.serial), s.next_number
        FROM payments_creditnote n LEFT JOIN oms_numberseries s ON s.code = n.series GROUP BY n.series, s.next_number
        HAVING max(n.serial) - min(n.serial) + 1 <> count(*) OR max(n.serial) + 1 IS DISTINCT FROM s.next_number
        """,
    ),
    Invariant(
        "I23e",
        "the credits bucket of an account is what its credit notes have left",
        """
        SELECT a.id, a.credits, n.rest FROM payments_creditaccount a
        LEFT JOIN (SELECT account_id, sum(total - applied - refunded) AS rest FROM payments_creditnote WHERE NOT undone
                   GROUP BY account_id) n ON n.account_id = a.id
        WHERE a.credits <> coalesce(n.rest, 0)
        """,
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
        "I13m",
        "what was owed at the end of a closed month is still what the ledger says",
        """
        SELECT m.month, b.currency, b.said, l.owed FROM payments_closedmonth m
        CROSS JOIN LATERAL (SELECT key AS currency, value::numeric AS said FROM jsonb_each_text(m.balances)) b
        LEFT JOIN LATERAL (SELECT sum(e.amount) AS owed FROM payments_receivableentry e JOIN payments_creditaccount a ON a.id = e.account_id
                           WHERE a.currency_id = b.currency AND e.posted_date < m.month + interval '1 month') l ON true
        WHERE m.reopened_at IS NULL AND b.said <> coalesce(l.owed, 0)
        """,
    ),
    Invariant(
        "I13o",
        "nothing was posted into a month after it was closed; one that was opened again was opened by another than who proposed it",
        """
        SELECT e.id, e.document_number, e.posted_date FROM payments_closedmonth m
        JOIN payments_receivableentry e ON e.posted_date < m.month + interval '1 month' AND e.recorded_at > m.closed_at
        WHERE m.reopened_at IS NULL
        UNION ALL
        SELECT m.id, m.month::text, m.month FROM payments_closedmonth m
        WHERE m.reopened_at IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM oms_changerequest c WHERE c.kind = 'payments.reopen_month' AND c.subject_id = m.id AND c.state = 'confirmed'
              AND c.decided_by_id = m.reopened_by_id AND c.proposed_by_id <> c.decided_by_id)
        """,
    ),
    Invariant(
        "I23d",
        "the oldest due date on an account is that of the oldest open part of its invoices",
        """
        SELECT a.id, a.oldest_due_date, i.oldest FROM payments_creditaccount a
        LEFT JOIN (SELECT x.account_id, min(p.due_date) AS oldest FROM payments_invoice x
                   CROSS JOIN LATERAL open_parts(x.total, x.total - x.applied - x.credited, x.due_date, x.instalments, x.instalment) p
                   WHERE x.total > x.applied + x.credited GROUP BY x.account_id) i ON i.account_id = a.id
        WHERE a.oldest_due_date IS DISTINCT FROM i.oldest
        """,
    ),
]
