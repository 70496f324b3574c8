"""The truth that answers are checked against, written beside the tables and never into them."""
