"""The bridge between the engine and `optimizer`: buckets of jobs as pandas UDFs, and MLflow."""
