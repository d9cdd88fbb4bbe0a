"""People, their roles and partners' keys: who is let in, decided by two persons, said in the audit trail."""
