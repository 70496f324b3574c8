"""The compute that runs use: clusters, their nodes and minutes, and pipelines."""
