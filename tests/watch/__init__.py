"""Runs between nights: the Jobs API of a local workspace swept, and what people are told of it."""
