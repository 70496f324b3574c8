"""A night over a small account whose answers are known, on the engine and in the place that a user has."""
