"""Delta tables behind one protocol: written atomically, read as of a version, asked what changed."""
