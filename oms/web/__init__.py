"""Pages: theme, shell, components, tables, forms, errors, navigation (see views for the page mixins)."""
