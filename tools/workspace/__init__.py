"""A stand-in for a Databricks workspace: Apache Spark with Delta Lake, served over Spark Connect."""
