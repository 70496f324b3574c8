"""The kinds of step that a night is made of; each family declares its own beside its functions."""
