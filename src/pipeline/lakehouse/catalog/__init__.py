"""Delta tables of Unity Catalog, through Spark SQL alone."""
