"""Usage and list prices: what the account costs."""
