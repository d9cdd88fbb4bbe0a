"""Pure vocabulary of the whole house: money, quantity, errors, lifecycle, ids. Reaches no Django, no clock, no random."""
