"""Delta tables in a folder, written by delta-rs."""
