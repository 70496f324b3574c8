"""What was not understood, could not be kept, or breaks a rule."""
