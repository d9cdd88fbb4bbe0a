"""A company as large as one likes, to measure on: a year of orders made by the use cases, copied by the database."""
