"""Column expressions that several layers share, so that each is written once."""
