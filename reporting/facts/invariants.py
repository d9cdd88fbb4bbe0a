"""What must hold of figures: they are what the ledgers give, but for what is marked and not yet counted."""

from oms.kernel.invariants import Invariant
from reporting.facts.choices import COLUMNS
from reporting.facts.selectors.counting import KEYS, counted, stored

SUMS = ", ".join(COLUMNS)
UNMARKED = "WHERE NOT EXISTS (SELECT 1 FROM reporting_figuremark m WHERE m.customer_id = x.customer_id AND m.day = x.day)"

INVARIANTS = [
    Invariant(
        "R1",
        "figures are what the ledgers give, for every day, post, customer and family",
        f"""
        SELECT * FROM (
            (SELECT 'ledgers' AS side, {KEYS}, {SUMS} FROM ({counted(keyed=False)}) c
             EXCEPT SELECT 'ledgers', {KEYS}, {SUMS} FROM ({stored("true")}) s)
            UNION ALL
            (SELECT 'figures', {KEYS}, {SUMS} FROM ({stored("true")}) s
             EXCEPT SELECT 'figures', {KEYS}, {SUMS} FROM ({counted(keyed=False)}) c)
        ) x {UNMARKED}
        """,
    ),
    Invariant(
        "R2",
        "a figure lies in the month of its day, or in the first month that was open",
        """
        SELECT f.id, f.period, f.day FROM reporting_figure f
        WHERE f.period <> date_trunc('month', f.day)::date
          AND NOT EXISTS (SELECT 1 FROM reporting_closedperiod c WHERE c.month >= date_trunc('month', f.day)::date
                          AND c.month < f.period)
        """,
    ),
    Invariant(
        "R3",
        "what figures call invoiced is the invoices' net less that of credit notes and cancellations, per customer and currency",
        """
        SELECT customer_id, currency_id, f.invoiced, l.net
        FROM (SELECT customer_id, currency_id, sum(invoiced) AS invoiced FROM reporting_figure GROUP BY 1, 2) f
        FULL JOIN (
            SELECT customer_id, currency_id, sum(net) AS net FROM (
                SELECT customer_id, currency_id, net FROM payments_invoice
                UNION ALL SELECT customer_id, currency_id, -net FROM payments_creditnote WHERE kind IN ('credit', 'cancellation')
            ) documents GROUP BY 1, 2
        ) l USING (customer_id, currency_id)
        WHERE coalesce(f.invoiced, 0) <> coalesce(l.net, 0)
          AND NOT EXISTS (SELECT 1 FROM reporting_figuremark m WHERE m.customer_id = coalesce(f.customer_id, l.customer_id))
        """,
    ),
]
