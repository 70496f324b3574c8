"""Delta tables behind one protocol: in a folder through delta-rs, in a catalog through Spark SQL."""
