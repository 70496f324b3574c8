"""Runs between nights: the Jobs API swept, within a budget of requests."""
