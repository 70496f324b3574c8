"""What people are told, and how far it has come."""
