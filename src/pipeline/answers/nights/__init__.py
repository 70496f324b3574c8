"""The last night: as of when, from which sources, and what it says first."""
