"""What people are told: decided into an outbox, and delivered from there."""
