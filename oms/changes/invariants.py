"""What must hold of changes (RELIABILITY.md section 1)."""

from oms.kernel.invariants import Invariant

INVARIANTS = [
    Invariant(
        "I25",
        "nobody decided a change they proposed",
        "SELECT id FROM oms_changerequest WHERE state IN ('confirmed', 'rejected') AND decided_by_id = proposed_by_id",
    ),
]
