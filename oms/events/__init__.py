"""Commands and what they leave behind: one row is audit entry, timeline and news (ARCHITECTURE.md rule 4).

A use case runs inside one `command`; what happened is raised as events, appended in one statement at the end of the
transaction, sealed into a hash chain by the relay and delivered to consumers at least once, with effects once.
"""
