"""What runs are carried out on: clusters, their nodes and minutes, pipelines."""
