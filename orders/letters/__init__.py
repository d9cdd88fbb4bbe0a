"""Mail to customers: what is written about orders, shipments, invoices, returns, reminders and cases, to whom, and what became of it."""
