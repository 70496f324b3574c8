"""What behaves unlike itself."""
