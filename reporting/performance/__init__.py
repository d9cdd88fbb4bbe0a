"""How posts, people, regions, families and customers do: settled facts of a month against the month before and the target."""
