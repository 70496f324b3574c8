"""Which release of Databricks' own library of bundles the generated files are checked by."""

BUNDLES_LIBRARY = "databricks-bundles==1.22.1"
