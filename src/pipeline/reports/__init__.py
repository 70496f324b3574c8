"""What people read: questions asked of Gold, and their answers in a terminal or as JSON."""
