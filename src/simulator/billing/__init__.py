"""What it costs: usage, and list prices."""
