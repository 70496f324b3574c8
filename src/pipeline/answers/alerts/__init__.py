"""What was decided of alerts: incidents, and what people have said of them."""
