"""Everything about one customer on one page: what is owed, what is promised, what changed, what to do."""
