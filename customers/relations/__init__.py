"""What people noted about a customer: notes, calls, visits, and what was agreed to be done."""
