"""Answers as a person reads them in a terminal, and as a script does."""
