"""What must hold of shared data (RELIABILITY.md section 1)."""

from oms.kernel.invariants import Invariant

INVARIANTS = [
    Invariant(
        "I38",
        "no column of the house is a float",
        """
        SELECT c.table_name, c.column_name, c.data_type
        FROM information_schema.columns c
        WHERE c.table_schema = current_schema() AND c.data_type IN ('real', 'double precision')
          AND c.table_name ~ '^(oms|customers|inventory|payments|orders|reporting)_'
        """,
    ),
    Invariant(
        "I21a",
        "no two number series give the same numbers",
        "SELECT prefix, count(*) FROM oms_numberseries GROUP BY prefix HAVING count(*) > 1",
    ),
    Invariant(
        "C1",
        "every calendar has seven weekdays and works on one of them",
        "SELECT id, code FROM oms_calendar WHERE cardinality(weekdays) <> 7 OR NOT true = ANY(weekdays)",
    ),
]
