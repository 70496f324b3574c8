"""What an answer can be held against: written beside the tables, never into them."""
