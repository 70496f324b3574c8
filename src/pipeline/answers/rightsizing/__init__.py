"""Which cluster would do the same work for less."""
