"""What happened in a span of days: the figures and the lists of a report."""
