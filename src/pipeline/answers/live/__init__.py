"""Runs between nights: what the Jobs API has shown of them since the system tables last told."""
