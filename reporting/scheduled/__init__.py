"""Tables that people get by mail: every day, week or month, as they would see them then."""
