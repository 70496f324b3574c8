"""Questions asked of Gold, by subject; `terminal` and `html` are two ways to show the answers."""
