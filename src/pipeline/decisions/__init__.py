"""What people decide, kept as rows that are never changed."""
