"""Pure planning: integers and dates in, schedule rows with reasons out. No Django, no clock."""
