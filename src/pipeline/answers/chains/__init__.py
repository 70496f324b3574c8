"""Which jobs come before and after which."""
