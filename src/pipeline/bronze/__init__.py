"""Bronze: rows as received, each kept once or quarantined with a reason."""
