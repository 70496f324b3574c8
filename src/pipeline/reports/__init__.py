"""Reports that people read: what changed in a week or a month, what it cost and what to do, with the evidence."""
