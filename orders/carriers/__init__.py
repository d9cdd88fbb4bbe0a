"""Carriers: what they charge, which one takes a shipment and why, its label's number, and where its parcels are."""
