"""List cost, by team and by job, and what has no price or no owner."""
