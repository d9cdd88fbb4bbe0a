"""One box for everything: orders, customers, products, shipments, invoices and payments, exact hits first."""
