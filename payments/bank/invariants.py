"""What must hold of the bank (RELIABILITY.md section 1)."""

from oms.kernel.invariants import Invariant

INVARIANTS = [
    Invariant(
        "I13p",
        "every payment stands in the subledger, and every reversed one a second time",
        """
        SELECT p.id, p.number, p.clearing, p.amount, e.posted FROM payments_payment p
        LEFT JOIN (SELECT document_id, account_id, sum(amount) AS posted FROM payments_receivableentry
                   WHERE kind IN ('payment', 'reversal') GROUP BY document_id, account_id) e
            ON e.document_id = p.id AND e.account_id = p.account_id
        WHERE coalesce(e.posted, 1) <> CASE WHEN p.clearing IN ('reversed', 'bounced') THEN 0 ELSE -p.amount END
        """,
    ),
    Invariant(
        "I17",
        "a payment is applied at most to its amount, and `applied` is the sum of its applications",
        """
        SELECT p.id, p.number, p.amount, p.applied, a.applied FROM payments_payment p
        LEFT JOIN (SELECT payment_id, sum(amount) AS applied FROM payments_application GROUP BY payment_id) a
            ON a.payment_id = p.id
        WHERE p.applied <> coalesce(a.applied, 0) OR p.applied > p.amount OR p.applied < 0
            OR (p.clearing IN ('reversed', 'bounced') AND p.applied <> 0)
        """,
    ),
    Invariant(
        "I17a",
        "an application joins a payment and an invoice of one account and currency",
        """
        SELECT a.id FROM payments_application a
        JOIN payments_payment p ON p.id = a.payment_id JOIN payments_invoice i ON i.id = a.invoice_id
        WHERE (a.account_id, a.currency_id) IS DISTINCT FROM (p.account_id, p.currency_id)
           OR (a.account_id, a.currency_id) IS DISTINCT FROM (i.account_id, i.currency_id)
        """,
    ),
    Invariant(
        "I17b",
        "no pair of payment and invoice stands below 0",
        """
        SELECT payment_id, invoice_id, sum(amount) FROM payments_application
        GROUP BY payment_id, invoice_id HAVING sum(amount) < 0
        """,
    ),
    Invariant(
        "I18",
        "a bank line is matched at most to its amount, by the payments that stand on it; money out by the refunds that left with it",
        """
        SELECT l.id, l.amount, l.matched, p.paid FROM payments_bankline l
        LEFT JOIN (SELECT bank_line_id, sum(amount) AS paid FROM payments_payment WHERE clearing <> 'reversed'
                   GROUP BY bank_line_id UNION ALL
                   SELECT bank_line_id, sum(amount) FROM payments_paidout WHERE NOT undone GROUP BY bank_line_id) p ON p.bank_line_id = l.id
        WHERE l.matched <> coalesce(p.paid, 0) OR l.matched > abs(l.amount)
        UNION ALL
        SELECT l.id, o.amount, r.amount, l.amount FROM payments_paidout o JOIN payments_bankline l ON l.id = o.bank_line_id
        JOIN payments_refund r ON r.id = o.refund_id WHERE l.amount >= 0 OR o.amount <> r.amount OR l.currency_id <> r.currency_id
        """,
    ),
    Invariant(
        "I19",
        "a bank line is recorded once; equal lines are counted without gaps",
        """
        SELECT account_id, value_date, amount, count(*), max(occurrence_no) FROM payments_bankline
        GROUP BY account_id, value_date, amount, text_hash
        HAVING count(*) <> max(occurrence_no) OR count(DISTINCT occurrence_no) <> count(*)
        """,
    ),
    Invariant(
        "I20",
        "a statement's lines lead from its opening to its closing balance, but for the difference it is marked with",
        """
        SELECT s.id, s.number, s.opening, s.closing, s.difference, l.moved
        FROM payments_bankstatement s JOIN oms_event e ON e.id = s.event_id
        LEFT JOIN (SELECT statement_id, count(*) AS lines, sum(amount) AS moved FROM payments_bankline
                   GROUP BY statement_id) l ON l.statement_id = s.id
        WHERE s.opening + coalesce(l.moved, 0) + s.difference <> s.closing
          AND (convert_from(e.payload, 'UTF8')::jsonb #>> '{data,lines}')::int = coalesce(l.lines, 0)
        """,
    ),
    Invariant(
        "I23c",
        "the unapplied bucket of an account is what its payments have left",
        """
        SELECT a.id, a.unapplied, p.rest FROM payments_creditaccount a
        LEFT JOIN (SELECT account_id, sum(amount - applied - refunded - tagged) AS rest FROM payments_payment WHERE clearing NOT IN ('reversed', 'bounced')
                   GROUP BY account_id) p ON p.account_id = a.id
        WHERE a.unapplied <> coalesce(p.rest, 0)
        """,
    ),
    Invariant(
        "I23f",
        "the deposits bucket of an account is what its payments have tagged to orders",
        """
        SELECT a.id, a.deposits, p.tagged FROM payments_creditaccount a
        LEFT JOIN (SELECT account_id, sum(tagged) AS tagged FROM payments_payment GROUP BY account_id) p ON p.account_id = a.id
        WHERE a.deposits <> coalesce(p.tagged, 0)
        """,
    ),
    Invariant(
        "I17d",
        "what a payment has tagged is the sum of its deposits, and a pro forma is paid by its own; used ones stand applied",
        """
        SELECT 'payment', p.id, p.tagged, d.tagged FROM payments_payment p
        LEFT JOIN (SELECT payment_id, sum(amount) AS tagged FROM payments_deposit GROUP BY 1) d ON d.payment_id = p.id
        WHERE p.tagged <> coalesce(d.tagged, 0) OR (p.clearing IN ('reversed', 'bounced') AND p.tagged <> 0)
        UNION ALL
        SELECT 'pro forma', f.id, f.paid, d.paid FROM payments_proforma f
        LEFT JOIN (SELECT pro_forma_id, sum(amount) FILTER (WHERE NOT used) AS paid FROM payments_deposit GROUP BY 1) d ON d.pro_forma_id = f.id
        WHERE f.paid <> coalesce(d.paid, 0)
        UNION ALL
        SELECT 'used', d.payment_id, d.used, a.applied FROM (
            SELECT payment_id, order_id, -sum(amount) FILTER (WHERE used) AS used FROM payments_deposit GROUP BY 1, 2) d
        LEFT JOIN (SELECT a.payment_id, i.order_id, sum(a.amount) AS applied FROM payments_application a
                   JOIN payments_invoice i ON i.id = a.invoice_id GROUP BY 1, 2) a USING (payment_id, order_id)
        WHERE coalesce(d.used, 0) > coalesce(a.applied, 0)
        """,
    ),
    Invariant(
        "I22p",
        "what was paid back of a payment is the sum of its refunds",
        """
        SELECT p.id, p.number, p.refunded, r.paid FROM payments_payment p
        LEFT JOIN (SELECT payment_id, sum(amount) AS paid FROM payments_refund GROUP BY payment_id) r ON r.payment_id = p.id
        WHERE p.refunded <> coalesce(r.paid, 0) OR p.applied + p.refunded + p.tagged > p.amount
        """,
    ),
    Invariant(
        "I19l",
        "a payer's account was learned from payments that stand",
        """
        SELECT a.account, a.customer_id, a.uses, p.uses FROM payments_payeraccount a FULL JOIN (
            SELECT left(upper(regexp_replace(l.counterparty_account, '\\s', '', 'g')), 40) AS account, p.customer_id, count(*) AS uses
            FROM payments_payment p JOIN payments_bankline l ON l.id = p.bank_line_id
            WHERE p.clearing <> 'reversed' AND btrim(l.counterparty_account) <> '' GROUP BY 1, 2
        ) p ON (p.account, p.customer_id) = (a.account, a.customer_id)
        WHERE coalesce(a.uses, 0) <> coalesce(p.uses, 0)
        """,
    ),
    Invariant(
        "I20g",
        "a statement that was released was quarantined by somebody's word: its event says which",
        """
        SELECT r.statement_id FROM payments_statementrelease r JOIN oms_event e ON e.id = r.event_id
        WHERE e.name <> 'bank.statement_released' OR btrim(r.reason) = ''
        """,
    ),
]
