"""What jobs there are and how each is doing."""
