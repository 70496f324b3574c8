"""From Gold to a person: what holds, whom it concerns, what becomes one incident, and who is told.

It reads Gold and ops only, and writes its own tables between nights.
"""
