"""From shipped to invoiced, and from paid to completed: each in its own transaction, started by news."""
