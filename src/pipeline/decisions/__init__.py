"""What people decide, of whatever kind: rows of ops.decisions that are written and never changed.

The newest decision of a kind about a subject is in force, from when it was made. What its terms mean
only the room of its kind knows.
"""
