"""Forecasts evaluated on a log of runs: read, compared with peers, shown on a page, tracked."""
