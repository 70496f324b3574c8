"""What holds now that somebody may want to hear of, one text a condition."""
