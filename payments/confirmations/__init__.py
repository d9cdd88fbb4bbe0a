"""Balance confirmations: what an account owed at the end of a day, laid before the customer, who says whether it is right."""
