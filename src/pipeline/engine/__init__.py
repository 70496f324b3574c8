"""The Spark Connect session that runs every transformation, whichever engine answers it."""
