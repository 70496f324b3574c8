"""Questions about single runs."""
