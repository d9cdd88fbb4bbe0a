"""The manager's dashboard: how orders flow, what waits and how long, how full and how punctual we deliver, what is owed."""
