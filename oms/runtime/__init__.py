"""Runs the house on one machine: embedded PostgreSQL and Valkey, and the supervisor. Imports none of the other rooms."""
